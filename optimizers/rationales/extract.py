"""Rationale in a teacher's completion: the reasoning of its visible answer, or its thoughts."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from openmedlm.metrics import CUT_OFF, Vote, parse_answer, split_thoughts
from openmedlm.metrics.answer_parsing.thought_marks import MARKS, find_marks, parse_thought_mark, vocabulary
from openmedlm.programs.final_answer import split_closing

RationaleSource = Literal["answer", "thoughts"]
"""Part of a completion that a rationale comes from."""

RationaleFrom = Literal["auto", "answer", "thoughts"]
"""Part of a completion that rationales are taken from; `auto`: the visible answer if it reasons, else the thoughts."""

Rejection = Literal["cut off", "no letter", "wrong letter", "no reasoning"]
"""Reason why a completion gives no rationale."""

MAX_THOUGHT_WORDS = 300
"""Words of a rationale from thoughts: the last sentences that fit. A reasoned answer of 500 tokens is about as long."""

MIN_VISIBLE_WORDS = 10
"""Words of a visible answer, besides its letter, that count as reasoning where there are thoughts, too."""

_TEMPLATE_TOKEN = re.compile(
    r"<(?:\|(?:im_start|start|start_header_id|turn)\|?|start_of_turn)>\s*(?:assistant|model)\b|<\|[^<>|\n]{1,40}\|?>|<\w{1,40}\|>|<｜[^<>｜\n]{1,40}｜>|</?s>|<(?:bos|eos|start_of_turn|end_of_turn)>"
)
_SENTENCE_START = re.compile(r"(?:\A|(?<=[.!?])\s+|\n\s*)(?=\S)")
_WORD = re.compile(r"\S+")


class Extracted(NamedTuple):
    """Rationale of one completion.

    Attributes:
        letter: Letter on which the completion ends, in the lettering shown; None if it ends on none.
        rationale: Reasoning without its closing sentence; None if there is none.
        source: Part of the completion that it comes from.
        rejection: Reason why there is none.
    """

    letter: str | None
    rationale: str | None = None
    source: RationaleSource = "answer"
    rejection: Rejection | None = None


def extract_rationale(
    vote: Vote,
    options: Mapping[str, str],
    rationale_from: RationaleFrom = "auto",
    thought_marks: Sequence[str] = (),
) -> Extracted:
    """Return the rationale of a completion; its letter is always that of the visible answer.

    Thoughts count if they end on that letter, or declare it last. They are kept without marks, and at most their last
    `MAX_THOUGHT_WORDS` words.

    Args:
        vote: Completion, parsed.
        options: Letter to option text, as shown.
        rationale_from: Part of the completion that the rationale is taken from.
        thought_marks: Marks of thoughts besides the known ones.

    Example:
        >>> text = "<think>The heart pumps blood. So the answer is B.</think>B"
        >>> extract_rationale(Vote(0, "B", "lone letter", text), {"A": "Liver", "B": "Heart"}).rationale
        'The heart pumps blood.'
    """
    if vote.finish_reason == CUT_OFF:
        return Extracted(None, rejection="cut off")
    if vote.letter is None:
        return Extracted(None, rejection="no letter")
    split = split_thoughts(vote.text, thought_marks)
    visible, closing = split_closing(_TEMPLATE_TOKEN.sub("", split.answer), options)
    visible = visible if closing == vote.letter else ""
    thoughts = _from_thoughts(vote.reasoning or split.thoughts, vote.letter, options, thought_marks)
    found = {"answer": visible, "thoughts": thoughts}
    if rationale_from == "auto":
        prefers_thoughts = len(visible.split()) < MIN_VISIBLE_WORDS
        order: tuple[RationaleSource, ...] = ("thoughts", "answer") if prefers_thoughts else ("answer",)
    else:
        order = (rationale_from,)
    for source in order:
        if found[source]:
            return Extracted(vote.letter, found[source], source)
    has_thoughts = bool(vote.reasoning or split.thoughts)
    no_letter = closing is None and not has_thoughts and rationale_from != "thoughts" and bool(split.answer.strip())
    return Extracted(None, rejection="no letter" if no_letter else "no reasoning")


def _from_thoughts(thoughts: str, letter: str, options: Mapping[str, str], thought_marks: Sequence[str]) -> str:
    """Return thoughts that support the letter, as a readable rationale; empty if they do not."""
    text = _without_marks(thoughts, thought_marks)
    reasoning, closing = split_closing(text, options)
    if closing is None:
        closing = parse_answer(text, options).letter
    return _last_sentences(reasoning) if closing == letter else ""


def _without_marks(thoughts: str, thought_marks: Sequence[str]) -> str:
    """Return thoughts without marks, template tokens and blank lines."""
    extra = tuple(parse_thought_mark(mark) for mark in thought_marks)
    for token in reversed(find_marks(thoughts, vocabulary(extra))):
        thoughts = f"{thoughts[: token.start]}\n{thoughts[token.end :]}"
    for mark in (*MARKS, *extra):  # quoted ones, which mark no thoughts
        for written in (mark.opening, mark.closing, mark.final):
            if re.search(r"[<\[◁]", written):
                thoughts = re.sub(re.escape(written), "", thoughts, flags=re.IGNORECASE)
    return re.sub(r"\n\s*\n+", "\n\n", _TEMPLATE_TOKEN.sub("", thoughts)).strip()


def _last_sentences(text: str) -> str:
    """Return the last sentences of a text that have at most `MAX_THOUGHT_WORDS` words."""
    words = [match.start() for match in _WORD.finditer(text)]
    if len(words) <= MAX_THOUGHT_WORDS:
        return text
    earliest = words[-MAX_THOUGHT_WORDS]
    starts = [match.end() for match in _SENTENCE_START.finditer(text)]
    return text[next((start for start in starts if start >= earliest), earliest) :]
