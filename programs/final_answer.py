"""Closing sentence of a rationale, which names its letter."""

import re
from collections.abc import Mapping

from openmedlm.metrics import split_thoughts

_CLOSING = re.compile(
    r"(?:^|(?<=[\s*#.]))"
    r"(?:(?:so|therefore|thus|hence|(?:based\son|given|after|considering)\s[^.,:\n]{1,80}),?\s)?"
    r"(?:we\scan\s(?:see|conclude)\sthat\s)?(?:(?:the|my)\s)?"
    r"(?:(?:(?:final|correct|best|right|closest|most\s(?:likely|appropriate))\s)?answer(?:\s(?:choice|option))?"
    r"|(?:correct|best|right)\s(?:option|choice))(?:\sis|\s(?:should|would|must)\sbe)?"
    r"[\s*]{0,4}[:–-]?[\s*]{0,4}(?:option\s)?[(\[]?([A-Z])[)\]]?[.\s*]{0,6}$",
    re.IGNORECASE,
)
_CLOSING_LENGTH = 160
_BOXED = re.compile(
    r"(?:\$+|\\\[\s?|\\\(\s?)?\\boxed\{(?:\\text(?:bf)?\{)?\(?([A-Z])\)?\}{0,2}(?:\$+|\s?\\\]|\s?\\\))?[.\s*]{0,6}$"
)


def visible_reasoning(text: str, thoughts: str = "") -> str:
    """Return the reasoning of a completion: the text outside its thoughts, or the thoughts if that has no sentence.

    Args:
        text: Text of the completion.
        thoughts: Thoughts that the endpoint separated from it.

    Example:
        >>> visible_reasoning("<think>Is it the liver? No.</think>The heart pumps. Answer: B")
        'The heart pumps. Answer: B'
    """
    split = split_thoughts(text)
    return split.answer if split_closing(split.answer)[0] else (thoughts or split.thoughts or split.answer)


def split_closing(text: str, options: Mapping[str, str] | None = None) -> tuple[str, str | None]:
    """Split reasoning into the text before its closing, such as "The answer is (D).", and the letter named there.

    The template adds a closing to every rationale, so the text's own one would be a repetition. Repeated closings of
    the same letter are all removed.

    Args:
        text: Reasoning as the model or the dataset wrote it.
        options: Options as shown. A closing may then contain the letter's option text ("The answer is B. Spiral
            fracture."). With the text of another option it is not a closing.

    Returns:
        The text without its closing and the letter. A text without a closing is stripped of white space, with None.

    Example:
        >>> split_closing("It filters blood. The answer is (D).")
        ('It filters blood.', 'D')
    """
    reasoning, letter = _split_last(text.strip(), options or {})
    before, again = _split_last(reasoning, options or {})
    while letter is not None and again == letter:
        reasoning = before
        before, again = _split_last(reasoning, options or {})
    return reasoning, letter


def _split_last(text: str, options: Mapping[str, str]) -> tuple[str, str | None]:
    for candidate in (text, _without_option_text(text, options)):
        body, tail = candidate[:-_CLOSING_LENGTH], candidate[-_CLOSING_LENGTH:]
        boxed = _BOXED.search(tail)
        if boxed is not None:
            tail = tail[: boxed.start()] + boxed[1]
        closing = _CLOSING.search(tail)
        if closing is not None:
            return _trimmed(body + tail[: closing.start()]), closing[1].upper()
        if boxed is not None:
            return _trimmed(body + tail[:-1]), boxed[1]
    return text, None


def _without_option_text(text: str, options: Mapping[str, str]) -> str:
    """Cut the text after its last letter if the rest is that letter's own option text."""
    for letter, own in options.items():
        words = r"\W+".join(map(re.escape, re.findall(r"\w+", own)))
        start = max(0, len(text) - 2 * len(own) - _CLOSING_LENGTH)
        ending = rf"(?<!\w){letter}[\W_]{{1,12}}{words}[\W_]*$"
        match = re.search(ending, text[start:], re.IGNORECASE) if words else None
        if match is not None and match[0][0] == letter:
            return text[: start + match.start() + 1]
    return text


def _trimmed(reasoning: str) -> str:
    """Remove the markup that opened the closing, and trailing white space."""
    return re.sub(r"[*# \t]{1,20}$", "", reasoning).rstrip()
