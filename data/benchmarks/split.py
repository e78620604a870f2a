"""Setting a few questions aside by a fixed seed."""

import hashlib
from collections.abc import Iterable

DIVISION_SEED = 240219371
"""Changing it moves questions between tuning and exemplars, and so invalidates every earlier dev score."""


def set_aside(ids: Iterable[str], count: int, seed: int = DIVISION_SEED) -> frozenset[str]:
    """The `count` ids that come first when all are ranked by the sha256 of `seed:id`; all where there are fewer.

    The rank of an id depends on nothing but the id. So the order of `ids` does not matter, and an id that is set aside
    from a set is also set aside from every subset that has it: a question used for tuning on the whole benchmark never
    turns up as an exemplar when only a part of the benchmark is at hand.
    """
    ranked = sorted(ids, key=lambda id_: (hashlib.sha256(f"{seed}:{id_}".encode()).digest(), id_))
    return frozenset(ranked[:count])
