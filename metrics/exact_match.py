"""Exact match of an answer letter, as a DSPy metric."""

import string
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, overload

from openmedlm.metrics.answer_parsing import ParsedAnswer, parse_answer

if TYPE_CHECKING:
    import dspy

MAX_QUOTED_CHARACTERS = 200
"""Length of the part of an unparsed answer that the feedback quotes."""


@overload
def exact_match(
    example: Any, pred: Any, trace: object = None, pred_name: None = None, pred_trace: object = None
) -> bool: ...


@overload
def exact_match(
    example: Any, pred: Any, trace: object = None, *, pred_name: str, pred_trace: object = None
) -> "dspy.Prediction": ...


@overload
def exact_match(
    example: Any, pred: Any, trace: object, pred_name: str, pred_trace: object = None
) -> "dspy.Prediction": ...


def exact_match(
    example: Any, pred: Any, trace: object = None, pred_name: str | None = None, pred_trace: object = None
) -> "bool | dspy.Prediction":
    """Return True if the prediction gives the gold option of the example.

    The function is a metric for `dspy.Evaluate` and for every DSPy optimizer. `parse_answer` reads the predicted
    answer: a letter in any usual form, the text of an option, or a whole completion. A prediction without a readable
    answer is wrong.

    Args:
        example: `dspy.Example` or mapping with `answer`, the gold letter in either case, and `options`: letter to text,
            or the list of texts. Without `options` the answer is read by its letter alone. `explanation` or `reasoning`
            is added to the feedback.
        pred: `dspy.Prediction` or mapping with `answer`; or the answer itself as a string.
        trace: Trace of an optimizer, not used.
        pred_name: Name of a predictor, given by `dspy.GEPA` where it wants feedback.
        pred_trace: Trace of that predictor, not used.

    Returns:
        A bool. With `pred_name`, a `dspy.Prediction` with `score` (1.0 or 0.0) and `feedback`, a text that names the
        right option and the answer given.

    Raises:
        ValueError: The `answer` of the example is not one of its options.

    Example:
        >>> example = {"answer": "B", "options": {"A": "Heart", "B": "Liver"}}
        >>> [exact_match(example, {"answer": answer}) for answer in ("(b)", "Liver", "So the answer is A.", None)]
        [True, True, False, False]
    """
    options = _options(_field(example, "options"))
    gold = _gold(_field(example, "answer"), options)
    answer = pred if isinstance(pred, str) else _field(pred, "answer")
    parsed = _parse(answer, gold, options)
    correct = parsed.letter == gold
    if pred_name is None:
        return correct

    import dspy

    explanation = _field(example, "explanation") or _field(example, "reasoning")
    feedback = _feedback(gold, answer, parsed, options)
    return dspy.Prediction(
        score=float(correct), feedback=f"{feedback}\nExplanation: {explanation}" if explanation else feedback
    )


def _field(source: Any, name: str) -> Any:
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)


def _options(options: Any) -> dict[str, str]:
    if not options:
        return {}
    pairs = options.items() if isinstance(options, Mapping) else zip(string.ascii_uppercase, options, strict=False)
    return {str(letter).strip().upper(): str(text) for letter, text in pairs}


def _gold(answer: Any, options: Mapping[str, str]) -> str:
    gold = str(answer).strip().upper()
    letters = tuple(options) or tuple(string.ascii_uppercase)
    if gold not in letters:
        raise ValueError(
            f"the example's answer must be one of its options {', '.join(options) or 'A to Z'}, got {answer!r}"
        )
    return gold


def _parse(answer: Any, gold: str, options: Mapping[str, str]) -> ParsedAnswer:
    if answer is None:
        return ParsedAnswer(None, "no answer")
    text = str(answer)
    if text.strip().upper() in options:  # the parser looks for letters, and a user's options may have numbers
        return ParsedAnswer(text.strip().upper(), "lone letter")
    # A text such as "+", or one that is a letter itself, has no word for the parser to find.
    same = [letter for letter, option in options.items() if option.strip().casefold() == text.strip().casefold()]
    if len(same) == 1:
        return ParsedAnswer(same[0], "option text")
    if options:
        return parse_answer(text, options)
    last_letter = string.ascii_uppercase.index(max(gold, "E"))
    return parse_answer(text, letters=string.ascii_uppercase[: last_letter + 1])


def _feedback(gold: str, answer: Any, parsed: ParsedAnswer, options: Mapping[str, str]) -> str:
    right = _named(gold, options)
    if parsed.letter == gold:
        return f"Correct: the answer is {right}."
    if parsed.letter is not None:
        return f"Wrong: the answer given is {_named(parsed.letter, options)}; the right answer is {right}."
    if answer is None or not str(answer).strip():
        return f"No answer was given. The right answer is {right}."
    quoted = str(answer).strip()
    if len(quoted) > MAX_QUOTED_CHARACTERS:
        quoted = f"…{quoted[-MAX_QUOTED_CHARACTERS:]}"
    return (
        f'No single option could be read from the answer "{quoted}" ({parsed.rule}). The right answer is {right}. '
        "End with the letter of exactly one option."
    )


def _named(letter: str, options: Mapping[str, str]) -> str:
    return f"{letter}) {options[letter]}" if letter in options else letter
