"""Orders of the options: drawn without repeats, applied to a question, and undone on a letter."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count, islice

from openmedlm.data import Question


@lru_cache(maxsize=65_536)  # the votes of a question, and the programs of a search, ask for the same ones
def derive_seed(*parts: object) -> int:
    """A seed of 31 bits from what it is for, such as (run seed, question id, vote number).

    Equal parts give equal seeds on every machine and whatever the order of the calls; 31 bits are what every
    inference server takes.
    """
    return int.from_bytes(hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()[:4]) >> 1


def option_orders(letters: Sequence[str], wanted: int, seed: int) -> list[str]:
    """Orders in which the votes of one question show its options.

    The first is the question's own. No order comes twice before all of them came once; three options have six, so the
    seventh vote on a yes/no/maybe question begins again with the first. Draw n sorts the letters by
    `derive_seed(seed, n, letter)`, which any language can compute, and draws that came before are passed over.

    Args:
        letters: the question's letters, in its own order.
        wanted: how many orders, at least 1; fewer are the first ones of more.
        seed: of the draw; see `derive_seed`.

    Returns:
        Strings of the question's letters in the order shown: `CABD` shows option C as A.
    """
    own = "".join(letters)
    distinct = min(wanted, math.factorial(len(own)))
    drawn = list(islice(_distinct_orders(own, seed), distinct))
    return [drawn[i % distinct] for i in range(wanted)]


def _distinct_orders(own: str, seed: int) -> Iterator[str]:
    seen = {own}
    yield own
    for draw in count(1):
        ranks = {letter: derive_seed(seed, draw, letter) for letter in own}
        order = "".join(sorted(own, key=ranks.__getitem__))
        if order not in seen:
            seen.add(order)
            yield order


def reorder(question: Question, order: str) -> Question:
    """The question with its options shown in `order`, lettered anew from its first letter on, its gold following."""
    letters = list(question.options)
    if order == "".join(letters):
        return question
    options = {shown: question.options[own] for shown, own in zip(letters, order, strict=True)}
    return Question(
        question.id,
        question.benchmark,
        question.split,
        question.question,
        options,
        letters[order.index(question.answer)],
        question.subject,
        question.context,
        question.explanation,
    )


def unshuffle_letter(shown: str, letters: Sequence[str], order: str) -> str:
    """The question's own letter for the letter that the model was shown."""
    return order[list(letters).index(shown)]
