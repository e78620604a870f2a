"""The ordered rules by which a completion is read."""

import re
from collections.abc import Callable, Mapping, Sequence

from openmedlm.metrics.answer_parsing.cleanup import clean, without_thoughts
from openmedlm.metrics.answer_parsing.explicit import called_correct, explicit_cue
from openmedlm.metrics.answer_parsing.options import OptionTexts
from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer
from openmedlm.metrics.answer_parsing.positional import first_line, last_line, last_word, lone_letter
from openmedlm.metrics.answer_parsing.prose import (
    asserted_text,
    concluding_parenthesis,
    concluding_text,
    labelled_in_prose,
    opening_text,
)
from openmedlm.metrics.answer_parsing.refusals import none_of_them, refusal

Rule = Callable[[str, OptionTexts], ParsedAnswer | None]

RULES: tuple[Rule, ...] = (
    lone_letter,
    explicit_cue,
    last_line,
    first_line,
    opening_text,
    labelled_in_prose,
    last_word,
    called_correct,
    concluding_parenthesis,
    concluding_text,
    asserted_text,
    none_of_them,
    refusal,
)

_NEXT_QUESTION = re.compile(r"\n(?:question|q|human|user|instruction)\s?\d{0,3}\s?:", re.IGNORECASE)


def parse_answer(
    completion: str, options: Mapping[str, str] | None = None, letters: Sequence[str] | None = None
) -> ParsedAnswer:
    """Reads the letter that a completion gives as its answer, as a careful reader would; nothing is guessed.

    The rules stand in `RULES`, the most explicit first, and the first that decides wins. A letter counts where the text
    sets it off as an answer, so the article of `A patient …` is none; an option's text counts where it is the whole
    answer or follows an answer cue, and names exactly one option. Of several declarations the last counts. A letter
    with another option's text beside it (`C. Aspirin` where A is aspirin) is a `conflict` and unreadable: which of the
    two a model means cannot be told. Renaming the letters renames the reading; surrounding white space and markup
    change nothing. Long completions are read at both ends only, so the time is bounded.

    Args:
        completion: as the model wrote it, thinking block included; an unclosed one is `truncated`.
        options: letter to text, in the lettering that the model was shown.
        letters: the letters that count as answers; those of the options where None, A to E where there are none either.
    """
    choices = OptionTexts.of(options, letters)
    outside = without_thoughts(completion)
    if outside is None:
        return ParsedAnswer(None, "truncated")
    text = _own_part(clean(outside), choices)
    for rule in RULES:
        reading = rule(text, choices)
        if reading is not None:
            return reading
    return ParsedAnswer(None, "unreadable")


def _own_part(text: str, choices: OptionTexts) -> str:
    """The text up to a next question that the model made up; a restatement of its own question names its options."""
    following = _NEXT_QUESTION.search(text)
    if following is None:
        return text
    restated = not choices.verdicts_only and len(choices.named_in(text[following.end() :])) > 1
    return text if restated else text[: following.start()]
