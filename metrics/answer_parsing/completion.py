"""Parsing of a completion together with what the endpoint says about it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer
from openmedlm.metrics.answer_parsing.parser import parse_answer
from openmedlm.metrics.answer_parsing.thoughts import split_thoughts

CUT_OFF = "length"
"""Finish reason of a completion that the token limit cut off."""

_OWN_RULES = {"tool_calls": "tool call", "function_call": "tool call"}
"""Finish reasons of answers that do not stand in the text of the message, and the names of their rules."""


def parse_completion(
    text: str,
    reasoning: str,
    finish_reason: str | None,
    options: Mapping[str, str],
    thought_marks: Sequence[str] = (),
    stop: Sequence[str] = (),
    *,
    thoughts_opened: bool = False,
) -> ParsedAnswer:
    """Return the letter that a completion gives as its answer.

    Thoughts are never parsed. Only if the endpoint reports the whole completion as thoughts, and it was not cut off,
    they are parsed under the rule `reasoning only`: a server with a reasoning parser does so with the answer of a model
    that does not think.

    Args:
        text: Text of the completion, with thoughts that the endpoint did not separate.
        reasoning: Thoughts that the endpoint separated; empty if there are none.
        finish_reason: Finish reason; None if unknown.
        options: Letter to text, in the lettering that the model was shown.
        thought_marks: Marks of thoughts besides the known ones.
        stop: Texts that end the answer after the thoughts, for an endpoint that was not told to stop there.
        thoughts_opened: Whether the chat template opens the thoughts. Text that is cut off without a mark is then all
            thoughts, unless it begins with a lone letter.

    Returns:
        The letter and the rule, as `parse_answer` gives them; also the rules `reasoning only` and `tool call`, and
        without a letter `truncated` for a completion that was cut off inside its thoughts.

    Example:
        >>> parse_completion("", "The heart pumps, so B.", "length", {"A": "Liver", "B": "Heart"}).rule
        'truncated'
        >>> parse_completion("B", "The liver does not pump.", "stop", {"A": "Liver", "B": "Heart"}).letter
        'B'
    """
    if finish_reason == "refusal":
        return ParsedAnswer(None, "refusal")
    if not text.strip() and finish_reason == CUT_OFF:
        return ParsedAnswer(None, "truncated")  # in thoughts, which some endpoints hide
    if not text.strip() and reasoning.strip():
        parsed = parse_answer(reasoning, options, thought_marks=thought_marks)
        return replace(parsed, rule="reasoning only") if parsed.letter is not None else parsed
    opened = thoughts_opened and finish_reason == CUT_OFF and split_thoughts(text, thought_marks).mark is None
    if stop:
        text = _stopped(text, stop, thought_marks)
    parsed = parse_answer(text, options, thought_marks=thought_marks)
    if opened and parsed.rule != "lone letter":
        return ParsedAnswer(None, "truncated")
    rule = _OWN_RULES.get(finish_reason or "")
    return replace(parsed, rule=rule) if rule and parsed.letter is not None else parsed


def _stopped(text: str, stop: Sequence[str], thought_marks: Sequence[str]) -> str:
    """Return the text up to the first stop text of its answer."""
    split = split_thoughts(text, thought_marks)
    if not split.closed:
        return text
    answer = split.answer.lstrip()
    ends = [position for each in stop if (position := answer.find(each)) > 0]
    return answer[: min(ends)] if ends else answer
