"""Separation of the thoughts in a completion from its answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from openmedlm.metrics.answer_parsing.thought_marks import (
    MARKS,
    ThoughtMark,
    Token,
    Vocabulary,
    find_marks,
    is_bracket_mark,
    name_of,
    parse_thought_mark,
    phrase_pattern,
    vocabulary,
)
from openmedlm.metrics.answer_parsing.unlisted_thoughts import heading_split, is_bare_answer, unlisted_mark

__all__ = ["ThoughtMark", "Thoughts", "parse_thought_mark", "split_thoughts"]

_ROLE = r"(?:assistant|model)\b(?=\s*(?:[\n<\[:◁]|\Z)):?"
TEMPLATE = re.compile(
    r"(?:[\s\ufeff\u200b-\u200f\u2060]|"
    r"<(?:s|bos|start_of_turn)>|<｜[^<>｜]{1,40}｜>|"
    r"<\|(?:begin_of_text|startoftext|im_start|start|start_header_id|end_header_id|assistant|message_model|end_message|"
    r"message|turn|im_end|start_of_turn_token|chatbot_token|start_of_role|end_of_role)\|>|<\|turn>|"
    rf"\[/INST\]|{_ROLE})+",
    re.IGNORECASE,
)
_NO_SENTENCE = r"(?-i:(?![ \t]?[a-z:;,.'’-]))"
_PHRASES = tuple(
    (mark, re.compile(phrase_pattern(mark.opening) + _NO_SENTENCE * mark.opening.isalpha(), re.IGNORECASE))
    for mark in MARKS
    if not is_bracket_mark(mark.opening)
)
_ANY_PHRASE = re.compile("|".join(pattern.pattern for _, pattern in _PHRASES), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Thoughts:
    """Parts of a completion of a model that thinks.

    Attributes:
        answer: Text outside the thoughts.
        thoughts: Text inside the thoughts; empty if there is none.
        mark: First mark of thoughts as the completion contains it; None if there is none.
        closed: False if the completion ends inside the thoughts.
        last: Part of the answer after the last thoughts; empty if the completion ends inside them.
    """

    answer: str
    thoughts: str
    mark: str | None
    closed: bool
    last: str = field(default="", compare=False, repr=False)


def split_thoughts(completion: str, marks: Sequence[str] = ()) -> Thoughts:
    """Separate the thoughts of a model from its answer.

    Listed marks (`MARKS`) count anywhere, unless quotation marks enclose them. A closing mark alone counts too, since
    many chat templates write the opening one. An unlisted bracket mark counts if it begins the completion and its
    closing mark follows, or if its word names neither an answer nor markup; so does a heading of thoughts that a
    heading of the answer follows. If the template wrote the opening mark and the completion ends before the closing
    one, no mark shows that the text is thoughts: a limit of tokens shows it instead.

    Args:
        completion: Completion as the model wrote it.
        marks: Further marks, each written `OPEN…CLOSE`.

    Raises:
        ValueError: A further mark is invalid.

    Example:
        >>> split_thoughts("<think>Not A.</think>B").answer
        'B'
        >>> split_thoughts("<ponder>Not A. But", ("<ponder>…</ponder>",)).closed
        False
    """
    start = template_end(completion)
    extra = tuple(parse_thought_mark(mark) for mark in marks)
    phrase = _phrase_at(completion, start)
    if phrase is not None:
        extra = (*extra, phrase[0])
    elif "assistantfinal" in completion:
        extra = (*extra, *(mark for mark in MARKS if mark.opening == "analysis"))
    known = vocabulary(extra)
    tokens = find_marks(completion, known)
    if phrase is not None:
        first = Token(start, phrase[1], name_of(phrase[0].opening))
        tokens = [first, *(token for token in tokens if token.start >= first.end)]
    elif not tokens or tokens[0].start > start:
        unlisted = unlisted_mark(completion, start)
        if unlisted is not None:
            known = vocabulary((*extra, unlisted))
            tokens = find_marks(completion, known)
    return _split(completion, tokens, known) or _split_at_headings(completion, start)


def template_end(completion: str) -> int:
    """Return the end of the white space and template tokens that begin a completion."""
    match = TEMPLATE.match(completion)
    return match.end() if match else 0


def _phrase_at(completion: str, start: int) -> tuple[ThoughtMark, int] | None:
    """Return the listed phrase that begins the thoughts here, and its end; one that is closed later goes first."""
    phrase = _ANY_PHRASE.match(completion, start)
    # Gemma 4 writes the label of its thoughts before a direct answer too.
    if phrase is None or is_bare_answer(completion[phrase.end() :]):
        return None
    marks = [mark for mark, pattern in _PHRASES if pattern.match(completion, start)]
    return next((mark for mark in marks if mark.closing in completion), marks[0]), phrase.end()


def _split(completion: str, tokens: list[Token], known: Vocabulary) -> Thoughts | None:
    """Split the completion at its marks; None if none of them counts."""
    last_at = {token.name: index for index, token in enumerate(tokens)}
    text_follows = _text_follows(completion, tokens)
    outside: list[str] = []
    inside: list[str] = []
    first: Token | None = None
    block: ThoughtMark | None = None
    nested: set[str] = set()
    position, answering = 0, False
    for index, token in enumerate(tokens):
        if block is not None:
            if not _ends(block, token, nested, known, still_open=_closes_later(block, last_at, index)):
                continue
            inside.append(completion[position : token.start])
            answering = token.name in known.finals
            block = None
        elif token.name in known.openings:
            outside.append(completion[position : token.start])
            block, nested = known.openings[token.name], set()
        elif token.name in known.finals or known.closings.get(token.name):
            # The template wrote the opening mark, unless the answer has begun or a stray mark ends the completion.
            before = completion[position : token.start]
            ends = not text_follows[index] and (bool(inside) or is_bare_answer(before))
            stray = ends or (answering and token.name in known.finals)
            (outside if stray else inside).append(before)
            answering = token.name in known.finals
        else:
            continue
        first, position = first or token, token.end
    if first is None:
        return None
    (outside if block is None else inside).append(completion[position:])
    usable = [part for part in outside if is_usable(part)]
    return Thoughts(
        "\n".join(usable),
        "\n".join(part for part in inside if part.strip()),
        completion[first.start : first.end].strip(),
        block is None,
        outside[-1] if block is None and is_usable(outside[-1]) else "",
    )


def is_usable(text: str) -> bool:
    """Return True if a text has a letter or a digit besides template tokens."""
    return re.search(r"\w", TEMPLATE.sub("", text)) is not None


def _closes_later(block: ThoughtMark, last_at: dict[str, int], index: int) -> bool:
    ends = (name_of(block.closing), name_of(block.final)) if block.final else (name_of(block.closing),)
    return any(last_at.get(name, -1) >= index for name in ends)


def _ends(block: ThoughtMark, token: Token, nested: set[str], known: Vocabulary, *, still_open: bool) -> bool:
    """Return True if a mark ends the thoughts: their own closing mark, or another one if that never comes."""
    if token.name in (name_of(block.closing), name_of(block.final)):
        return True
    if still_open:
        return False
    if token.name in known.openings:
        nested.add(name_of(known.openings[token.name].closing))
        return False
    if token.name in nested:
        nested.discard(token.name)
        return False
    return token.name in known.finals or bool(known.closings.get(token.name))


def _text_follows(completion: str, tokens: list[Token]) -> list[bool]:
    """Return for each mark whether usable text follows it, marks left out."""
    follows: list[bool] = []
    end, found = len(completion), False
    for token in reversed(tokens):
        found = found or (end > token.end and is_usable(completion[token.end : end]))
        follows.append(found)
        end = token.start
    return follows[::-1]


def _split_at_headings(completion: str, start: int) -> Thoughts:
    parts = heading_split(completion, start)
    if parts is None:
        return Thoughts(completion, "", None, True, completion)
    heading, end, answer = parts
    if answer is None:
        return Thoughts("", completion[end:], heading, False)
    return Thoughts(completion[answer:], completion[end:answer], heading, True, completion[answer:])
