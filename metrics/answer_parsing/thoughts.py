"""Thoughts of models that think."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thoughts:
    """Parts of a completion.

    Attributes:
        answer: Text outside the thoughts.
        thoughts: Text inside; empty if there is none.
        mark: Opening mark, or closing mark without an opening one, as written; None without thoughts.
        closed: False if the completion ends inside the thoughts.
    """

    answer: str
    thoughts: str
    mark: str | None
    closed: bool


_OPEN = re.compile(r"<(?:think|thinking|thought|reasoning)>", re.I)
_CLOSE = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.I)


def split_thoughts(completion: str, marks: Sequence[str] = ()) -> Thoughts:
    """Separate the thoughts from the answer."""
    closes = list(_CLOSE.finditer(completion))
    opening = _OPEN.search(completion)
    if not closes:
        if opening is None:
            return Thoughts(completion, "", None, True)
        return Thoughts(completion[: opening.start()], completion[opening.end() :], opening[0], False)
    return Thoughts(completion[closes[-1].end() :], completion[: closes[-1].start()], closes[-1][0], True)
