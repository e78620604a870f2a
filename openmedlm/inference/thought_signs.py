"""Signs of thoughts in a completion: marks, separate fields, and texts that may be the start of thoughts."""

from collections.abc import Sequence
from typing import NamedTuple

from openmedlm.inference.request import Completion
from openmedlm.inference.sampling import FIRST_LETTER, parse
from openmedlm.metrics import CUT_OFF, Vote, split_thoughts
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt

PROSE_WORDS = 8
"""Words of an answer that may be the start of thoughts; an option is shorter."""


class Sign(NamedTuple):
    """Sign of thoughts in a completion.

    Attributes:
        mark: Mark of the thoughts, or how else they show.
        opened: Whether the thoughts begin without a mark, since the chat template wrote it.
    """

    mark: str
    opened: bool


def thought_mark(completion: Completion | Vote, thought_marks: Sequence[str] = ()) -> str | None:
    """Return the mark of a completion's thoughts, or how else they are reported; None if it has none."""
    if is_reasoning_only(completion):
        return None
    if completion.reasoning.strip():
        return "a separate field"
    if completion.reasoning_tokens:
        return "reasoning_tokens"  # the provider hides the thoughts
    return split_thoughts(completion.text, thought_marks).mark


def is_reasoning_only(completion: Completion | Vote) -> bool:
    """Return whether the endpoint reports a whole completion, which ended by itself, as thoughts."""
    ended = completion.finish_reason not in (None, CUT_OFF)
    return ended and bool(completion.reasoning.strip()) and not completion.text.strip()


def find_sign(completion: Completion | Vote, thought_marks: Sequence[str]) -> Sign | None:
    """Return the sign of thoughts in a completion; None if it has none."""
    mark = thought_mark(completion, thought_marks)
    if mark is None:
        return None
    return Sign(mark, opened=mark in completion.text and not completion.text.lstrip().startswith(mark))


def may_be_thoughts(program: PromptProgram, vote: Vote) -> bool:
    """Return whether a vote without a sign may hold the start of thoughts: it was cut off, maybe by a stop text.

    A server that reports neither a finish reason nor tokens does not say that. If the user sets the limit, only a vote
    with a letter matters, since no other one gets more tokens.
    """
    prose = vote.rule != FIRST_LETTER and len(f"{vote.text} {vote.reasoning}".split()) >= PROSE_WORDS
    counts = vote.letter is not None and vote.method == "free"
    if program.decode.thinking_tokens == 0 and not (counts and prose):
        return False
    stops = bool(program.decode.stop)
    unsaid = vote.finish_reason is None or not vote.completion_tokens
    cut_off = vote.finish_reason == CUT_OFF or (stops and vote.letter is None)
    return cut_off or (prose and (unsaid or (stops and not program.reasoning)))


def changes_letter(program: PromptProgram, sample_prompt: SamplePrompt, completion: Completion, length: int) -> bool:
    """Return whether the first characters of a completion name another letter than the whole of it."""
    early = parse(program, sample_prompt, completion._replace(text=completion.text[:length]))
    letters = {early.letter, parse(program, sample_prompt, completion).letter}
    return early.rule != FIRST_LETTER and None not in letters and len(letters) == 2
