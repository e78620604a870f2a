"""Held-out dev questions, selected by a fixed seed."""

import hashlib
from collections.abc import Iterable

HOLD_OUT_SEED = 240219371
"""A change moves questions between tuning and exemplars, and so invalidates every earlier dev score."""


def hold_out(ids: Iterable[str], count: int, seed: int = HOLD_OUT_SEED) -> frozenset[str]:
    """Return the first `count` ids when all are ranked by the sha256 of `seed:id`; all if there are fewer.

    The rank of an id depends on the id alone, so the order of `ids` does not matter. An id held out of a set is also
    held out of every subset that contains it. A dev question of the complete benchmark never becomes an exemplar
    when only a part of the benchmark is available.

    Example:
        >>> sorted(hold_out(["a", "b", "c", "d"], 2)) == sorted(hold_out(["d", "c", "b", "a"], 2))
        True
    """
    ranked = sorted(ids, key=lambda id_: (hashlib.sha256(f"{seed}:{id_}".encode()).digest(), id_))
    return frozenset(ranked[:count])
