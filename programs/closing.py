"""The sentence on which reasoning closes and that names its letter."""

import re
from collections.abc import Mapping

_CLOSING = re.compile(
    r"(?:^|(?<=[\s*#.]))(?:(?:so|therefore|thus|hence),?\s)?(?:(?:the|my)\s)?"
    r"(?:(?:(?:final|correct|best|right|most\slikely)\s)?answer|(?:correct|best|right)\s(?:option|choice))(?:\sis)?"
    r"\s?:?[\s*]{0,4}\(?([A-Z])\)?[.\s*]{0,6}$",
    re.IGNORECASE,
)
_CLOSING_LENGTH = 80
_BOXED = re.compile(r"\$*\\boxed\{(?:\\text\{)?\(?([A-Z])\)?\}?\}\$*")


def split_closing(text: str, options: Mapping[str, str] | None = None) -> tuple[str, str | None]:
    """Reasoning without its closing, such as "The answer is (D).", and the letter that the closing names.

    The template closes every rationale in its own words, so the text's own closing would say it twice.

    Args:
        text: as it was written.
        options: as they were shown: a closing may then say the letter's option text too ("The answer is B. Spiral
            fracture."), and is none where the text is another option's.

    Returns:
        The text as it is, without white space around it, and None where it has no closing.
    """
    text = text.strip()
    body, tail = text[:-_CLOSING_LENGTH], _BOXED.sub(r"\1", text[-_CLOSING_LENGTH:])
    closing = _CLOSING.search(tail)
    if closing is None:
        reasoning, letter = split_closing(_without_option_text(text, options)) if options else (text, None)
        return (text, None) if letter is None else (reasoning, letter)
    return (body + tail[: closing.start()]).rstrip("*# \n\t"), closing[1].upper()


def _without_option_text(text: str, options: Mapping[str, str]) -> str:
    """The text up to its last letter, where the rest of it is that letter's own option; the whole text where not."""
    for letter, own in options.items():
        words = r"\W+".join(map(re.escape, re.findall(r"\w+", own)))
        start = max(0, len(text) - 2 * len(own) - _CLOSING_LENGTH)
        said = rf"(?<!\w){letter}(?!\w)[).:\]]*[\s*_–—-]*\W?{words}[\W_]*$"
        spoken = re.search(said, text[start:], re.IGNORECASE) if words else None
        if spoken is not None and spoken[0][0] == letter:
            return text[: start + spoken.start() + 1]
    return text
