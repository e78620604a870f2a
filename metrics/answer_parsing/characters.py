"""Characters that differ in form but not in meaning: invisible ones, East Asian punctuation, exponents, entities."""

import html
import re
import unicodedata

# Categories Cf, Cc (without tab and line breaks), Cs and Co, fillers, variation selectors, and code points that have
# no character.
_INVISIBLE_CLASS = (
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\uffff\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U0010ffff]"
)
_INVISIBLE = re.compile(rf"\x1b\[[0-9;?]{{0,20}}[A-Za-z]|{_INVISIBLE_CLASS}")
# A separator without width may be all that is between a word and a letter.
_BEFORE_LETTER = re.compile(rf"(?<=[a-z]{{2}}){_INVISIBLE_CLASS}{{1,20}}(?=[A-Z](?![A-Za-z0-9]))")
_LINE_SEPARATOR = re.compile("[\x85\u2028\u2029]")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,6}|#x[0-9a-fA-F]{2,5});")

_EXPONENT = re.compile("(?<=[0-9])[⁰¹²³⁴-⁹⁺⁻]+")
_FRACTION = re.compile("(?<=[0-9])(?=[¼-¾⅐-⅞])")
_PUNCTUATION = {"。": ". ", "、": ", ", "《": '"', "》": '"', "„": '"', "¿": "", "¡": "", "\u2800": " "} | dict(
    zip("【】〔〕「」『』«»", "[][]" + '"' * 6, strict=True)
)
_PUNCTUATION_SIGN = re.compile(f"[{''.join(map(re.escape, _PUNCTUATION))}]")
_LABEL_COMMA = re.compile("(?<![A-Za-z])([A-Z])、(?! ?[A-Z](?![A-Za-z]))")

_LATEX_SYMBOLS = {
    "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "lt": "<", "gt": ">", "pm": "±",
    "approx": "≈", "sim": "~", "ne": "≠", "neq": "≠", "uparrow": "↑", "downarrow": "↓", "times": "×", "to": "→",
    "rightarrow": "→", "Rightarrow": "→", "mu": "μ", "alpha": "α", "beta": "β", "gamma": "γ", "circ": "°",
}  # fmt: skip
_LATEX_SYMBOL = re.compile(rf"\\{{1,2}}({'|'.join(sorted(_LATEX_SYMBOLS, key=len, reverse=True))})(?![A-Za-z])")
_LATEX_FRACTION = re.compile(r"\\{1,2}[dt]?frac\{([^{}]{1,20})\}\{([^{}]{1,20})\}")
_LATEX_EXPONENT = re.compile(r"\^\{([^{}]{1,20})\}")


def normalise(text: str) -> str:
    """Return a text in the characters of a keyboard where there is one of the same meaning, without invisible ones.

    Unlike the normal form NFKC alone, `10⁻³` stays a power and `1½` a sum.
    """
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        text = _INVISIBLE.sub("", _BEFORE_LETTER.sub(" ", text))
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    if text.isascii():
        return text
    text = _LINE_SEPARATOR.sub("\n", text)
    text = _EXPONENT.sub(lambda exponent: f"^{exponent[0]}", text)
    text = _FRACTION.sub(" ", text)
    text = unicodedata.normalize("NFKC", text)
    if _PUNCTUATION_SIGN.search(text):
        text = _LABEL_COMMA.sub(r"\1. ", text)
        text = _PUNCTUATION_SIGN.sub(lambda sign: _PUNCTUATION[sign[0]], text)
    return text


def without_latex_symbols(text: str) -> str:
    """Return a text with the signs that LaTeX commands stand for."""
    text = _LATEX_SYMBOL.sub(lambda command: _LATEX_SYMBOLS[command[1]], text)
    text = _LATEX_FRACTION.sub(r"\1/\2", text)
    return _LATEX_EXPONENT.sub(r"^\1", text)
