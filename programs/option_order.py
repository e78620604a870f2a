"""Option orders: which options may be reordered, seeded shuffles, and the way back to a question's own letters."""

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count as count_from
from itertools import islice

from openmedlm.data import Question

_BOUND = re.compile(
    r"\b(?:above|below|preceding|former|latter|both|options?|choices?|answers?\s\(?\d|than\sthe\sothers|"
    r"(?:all|any|none|either|neither)\sof\s(?:them|these|those|the))\b",
    re.IGNORECASE,
)
_LETTERS_ALONE = re.compile(
    r"(?=.*\b(?:[a-e]{1,4}|n?either)\b)[\W_]*(?:(?:[a-e]{1,4}|[f-h]|and|or|only|n?either)\b[\W_]*)+", re.IGNORECASE
)
_LETTERS_JUDGED = re.compile(
    r"(?=.*\b(?:true|false|(?:in)?correct|wrong)\b)(?:.*\b[b-j]\b|.*\ba\b\s*(?:[,&–-]|(?:and|is)\b))", re.IGNORECASE
)
_OTHERS_NAMED = re.compile(
    r"\b[A-E]\b\W*(?:,|&|\+|/|\b(?:and|or|nor|plus|but\snot|not)\b)\W*[A-E]\b"
    r"|\b(?i:same\sas|answer|except|none\sof|only|like)\s\(?[A-E]\b|\b[A-E]\s(?i:alone|only)\b"
    r"|\b(?i:first|second|third|fourth|last)\s(?i:two|three|and|or)\b|\b(?i:all|none)\s(?i:of\s)?(?i:the\s)?(?i:others?)\b"
)


@lru_cache(maxsize=65_536)  # the votes of a question, and the programs of a search, need the same ones
def derive_seed(*parts: object) -> int:
    """Derive a 31-bit seed from its purpose, such as (run seed, question id, vote number).

    Equal parts give equal seeds on every machine, in any order of calls. Every inference server accepts 31 bits.
    """
    return int.from_bytes(hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()[:4]) >> 1


def option_orders(letters: Sequence[str], count: int, seed: int) -> list[str]:
    """Return the option orders that the votes of one question show.

    The first is the question's own. No order repeats before all orders were used. Three options have six orders, so
    the seventh vote on a yes/no/maybe question starts again with the first. Draw n sorts the letters by
    `derive_seed(seed, n, letter)`, which any language can compute; repeated draws are skipped.

    Args:
        letters: The question's letters, in its own order.
        count: Number of orders, at least 1; fewer orders are a prefix of more.
        seed: Seed of the draw; see `derive_seed`.

    Returns:
        Strings of the question's letters in the order shown: `CABD` shows option C as A.
    """
    own = "".join(letters)
    distinct = min(count, math.factorial(len(own)))
    drawn = list(islice(_distinct_orders(own, seed), distinct))
    return [drawn[i % distinct] for i in range(count)]


def _distinct_orders(own: str, seed: int) -> Iterator[str]:
    seen = {own}
    yield own
    for draw in count_from(1):
        ranks = {letter: derive_seed(seed, draw, letter) for letter in own}
        order = "".join(sorted(own, key=ranks.__getitem__))
        if order not in seen:
            seen.add(order)
            yield order


def reorder(question: Question, order: str) -> Question:
    """Return the question with its options in `order`, relabelled from its first letter on; the gold letter follows."""
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
    """Return the question's own letter for a letter as shown to the model."""
    return order[list(letters).index(shown)]


def can_reorder_options(question: Question) -> bool:
    """Return True if the options can be shown in another order.

    They can't if an option refers to others or to letters (`All of the above`, `Both`, `A and C`) or repeats its own
    letter: at another position it would mean something else. An ambiguous text, such as `Falls below 3 mmol/L`, also
    keeps the order.
    """
    return not any(
        _BOUND.search(text)
        or _LETTERS_ALONE.fullmatch(text)
        or _LETTERS_JUDGED.match(text)
        or _OTHERS_NAMED.search(text)
        or re.match(rf"\W*{letter}[.):]", text, re.IGNORECASE)
        for letter, text in question.options.items()
    )


def relabel(text: str, references: Sequence[int], mapping: Mapping[str, str]) -> str:
    """Replace the letter at each of the offsets by its mapped letter."""
    characters = list(text)
    for offset in references:
        characters[offset] = mapping[characters[offset]]
    return "".join(characters)
