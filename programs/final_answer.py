"""The sentence on which reasoning closes and that names its letter."""

import re
from collections.abc import Mapping

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


def split_closing(text: str, options: Mapping[str, str] | None = None) -> tuple[str, str | None]:
    """Reasoning without its closing, such as "The answer is (D).", and the letter that the closing names.

    The template closes every rationale in its own words, so the text's own closing would say it twice; where the text
    says it twice itself, both go.

    Args:
        text: as it was written.
        options: as they were shown: a closing may then say the letter's option text too ("The answer is B. Spiral
            fracture."), and is none where the text is another option's.

    Returns:
        The text as it is, without white space around it, and None where it has no closing.
    """
    reasoning, letter = _split_last(text.strip(), options or {})
    before, again = _split_last(reasoning, options or {})
    while letter is not None and again == letter:
        reasoning = before
        before, again = _split_last(reasoning, options or {})
    return reasoning, letter


def _split_last(text: str, options: Mapping[str, str]) -> tuple[str, str | None]:
    for told in (text, _without_option_text(text, options)):
        body, tail = told[:-_CLOSING_LENGTH], told[-_CLOSING_LENGTH:]
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
    """The text up to its last letter, where the rest of it is that letter's own option; the whole text where not."""
    for letter, own in options.items():
        words = r"\W+".join(map(re.escape, re.findall(r"\w+", own)))
        start = max(0, len(text) - 2 * len(own) - _CLOSING_LENGTH)
        said = rf"(?<!\w){letter}[\W_]{{1,12}}{words}[\W_]*$"
        spoken = re.search(said, text[start:], re.IGNORECASE) if words else None
        if spoken is not None and spoken[0][0] == letter:
            return text[: start + spoken.start() + 1]
    return text


def _trimmed(reasoning: str) -> str:
    """The reasoning without the markup that opened its closing, and without white space at its end."""
    return re.sub(r"[*# \t]{1,20}$", "", reasoning).rstrip()
