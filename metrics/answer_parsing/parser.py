"""Parser: ordered rules, of which the first that decides wins."""

import re
from collections.abc import Callable, Mapping, Sequence

from openmedlm.metrics.answer_parsing.cleanup import clean
from openmedlm.metrics.answer_parsing.denials import without_denied
from openmedlm.metrics.answer_parsing.explicit import called_correct, explicit_cue
from openmedlm.metrics.answer_parsing.options import OptionTexts
from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer
from openmedlm.metrics.answer_parsing.positional import first_line, last_line, last_word, letter_behind, lone_letter
from openmedlm.metrics.answer_parsing.prose import (
    asserted_text,
    concluding_parenthesis,
    concluding_text,
    labelled_in_prose,
    opening_text,
)
from openmedlm.metrics.answer_parsing.refusals import none_of_them, refusal
from openmedlm.metrics.answer_parsing.thoughts import split_thoughts

Rule = Callable[[str, OptionTexts], ParsedAnswer | None]

RULES: tuple[Rule, ...] = (
    lone_letter,
    explicit_cue,
    last_line,
    first_line,
    opening_text,
    letter_behind,
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
    completion: str,
    options: Mapping[str, str] | None = None,
    letters: Sequence[str] | None = None,
    thought_marks: Sequence[str] = (),
) -> ParsedAnswer:
    """Return the letter that a completion gives as its answer, without guessing.

    The rules in `RULES` are tried in order, the most explicit first. A letter counts if the text marks it as an answer,
    so the article in `A patient …` does not. The text of an option counts if it is the whole answer or follows an
    answer cue, and names exactly one option; its signs, comparisons and units belong to it. Of several declarations the
    last one counts. A letter followed by the text of another option is a `conflict`, since either could be meant:
    `C. Aspirin` if A is aspirin. White space around it, markup and invisible characters do not matter.

    These letters do not count: one that the text denies, takes back or makes depend on a condition; that of a term such
    as `hepatitis B`; and a heading or first guess before a later answer. Answers are read in English, in the languages
    of `languages.SPACED`, and in Chinese, Japanese and Korean. Only both ends of a long completion are parsed, so the
    time is bounded.

    Args:
        completion: Completion as the model wrote it, with its thinking block; an unclosed block gives `truncated`.
        options: Letter to text, in the lettering that the model was shown; None if the texts are unknown.
        letters: Letters that count as answers. Default: those of the options, or A to E without options.
        thought_marks: Further marks of thoughts, each written `OPEN…CLOSE`; see `split_thoughts`.

    Returns:
        The letter and the rule that found it; letter None with the reason if there is no single answer.

    Example:
        >>> parse_answer("The liver makes bile. The answer is (B).", {"A": "Heart", "B": "Liver"})
        ParsedAnswer(letter='B', rule='answer cue')
        >>> parse_answer("Both A and B.", {"A": "Heart", "B": "Liver"}).letter is None
        True
    """
    choices = OptionTexts.of(options, letters)
    split = split_thoughts(completion, thought_marks)
    # A model that thinks again may correct itself, so the part after its last thoughts goes first.
    if split.last not in ("", split.answer):
        parsed = _parse(split.last, choices)
        if parsed.letter is not None:
            return parsed
    parsed = _parse(split.answer, choices)
    return parsed if split.closed or parsed.letter is not None else ParsedAnswer(None, "truncated")


def _parse(answer: str, choices: OptionTexts) -> ParsedAnswer:
    text = _before_next_question(clean(answer), choices)
    parsed = _first_decision(text, choices)
    while parsed.letter is not None and (rest := without_denied(text, parsed.letter, choices)) != text:
        text, parsed = rest, _first_decision(rest, choices)
    return parsed


def _first_decision(text: str, choices: OptionTexts) -> ParsedAnswer:
    decisions = (rule(text, choices) for rule in RULES)
    return next((parsed for parsed in decisions if parsed is not None), ParsedAnswer(None, "unreadable"))


def _before_next_question(text: str, choices: OptionTexts) -> str:
    """Return the text before a next question that the model made up; a restatement of the question is kept."""
    following = _NEXT_QUESTION.search(text)
    if following is None:
        return text
    restated = not choices.verdicts_only and len(choices.named_in(text[following.end() :])) > 1
    return text if restated else text[: following.start()]
