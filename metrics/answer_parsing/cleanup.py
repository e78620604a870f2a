"""Removal of thoughts, markup and template tokens from a completion."""

import re

from openmedlm.metrics.answer_parsing.characters import normalise, without_latex_symbols

# An answer is at the start or at the end. The middle of a long completion is dropped, which bounds the time.
_HEAD_CHARACTERS, _TAIL_CHARACTERS = 8_000, 32_000

_THOUGHT = "think|thinking|thought|reasoning"
_THOUGHT_OPEN = re.compile(rf"<(?:{_THOUGHT})>", re.IGNORECASE)
_THOUGHT_CLOSE = re.compile(rf"</(?:{_THOUGHT})>", re.IGNORECASE)
_END_OF_TURN = re.compile(r"</s>|<\|(?:im_end|endoftext|eot_id|end|end_of_text)\|>|<end_of_turn>|<eos>")

_WRITTEN_BREAK = re.compile(r"\\n(?!eq?\b)")
_LATEX_STYLE = re.compile(
    r"\\{1,2}(?:text|math)?(?:text|bf|it|rm|sf|tt|normal|bm|boldsymbol|underline)\{([^{}]{0,300})\}"
)
_LATEX_SPACE = re.compile(r"\\{1,2}(?:[()\[\],;! ]|quad\b|qquad\b)|\$+")
_TAG = re.compile(r"</?(?:b|i|u|p|em|strong|span|div|br|code)\s?/?>", re.IGNORECASE)
_CLOSING_TAG = re.compile(r"</\w{1,30}>")
_TICK = re.compile("[✅✔☑✓👉➡]\ufe0f?")
_EMPHASIS = re.compile(r"\*+|`+|(?<![^\W_])_+(?=\S)|(?<=\S)_+(?![^\W_])")
# Before a number, `>` is a comparison, and a dash may be a minus sign.
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~")
_LINE_MARK = re.compile(
    r"^[ \t]*(?:#[ \t]*|>(?![ \t=.]{0,4}\d)[ \t]*|•[ \t]+|[-+](?![ \t]*\.?\d)[ \t]+)+", re.MULTILINE
)
_BLANKS = re.compile(r"[ \t\r\f\v]+")
_RUNS = re.compile(r"  |[\t\r\f\v]")
_EMPHASIS_SIGN = re.compile(r"[*_`]")
_LINE_SIGN = re.compile(r"[#>\-•+]")
_BREAKS = re.compile(r" ?\n[ \n]*")


def without_thoughts(completion: str) -> str | None:
    """Return the text outside the thinking block; None if the block is not closed and no text precedes it."""
    if "<" not in completion:
        return completion
    closes = list(_THOUGHT_CLOSE.finditer(completion))
    opening = _THOUGHT_OPEN.search(completion)
    if not closes:
        before = completion[: opening.start()] if opening else completion
        return before if opening is None or before.strip() else None
    # Many chat templates open the block themselves, so the completion contains only its end.
    before = completion[: opening.start()] if opening and opening.start() < closes[0].start() else ""
    after = completion[closes[-1].end() :]
    reopened = _THOUGHT_OPEN.search(after)
    return f"{before}\n{after[: reopened.start()] if reopened else after}"


def clean(text: str) -> str:
    """Return both ends of a text, as plain lines."""
    if len(text) > _HEAD_CHARACTERS + _TAIL_CHARACTERS:
        text = f"{text[:_HEAD_CHARACTERS]}\n…\n{text[-_TAIL_CHARACTERS:]}"
    text = text.lstrip()
    end = _END_OF_TURN.search(text) if "<" in text else None
    if end is not None and end.start() > 0:
        text = text[: end.start()]
    if "\\" in text:
        text = _WRITTEN_BREAK.sub("\n", text.replace('\\"', '"'))
    text = plain(text)
    if _LINE_SIGN.search(text):
        text = _LINE_MARK.sub("", text)
    return _BREAKS.sub(lambda m: "\n\n" if m[0].count("\n") > 1 else "\n", text).strip()


def plain(text: str) -> str:
    """Return a text without emphasis, LaTeX styling and repeated spaces; line breaks are kept.

    A pattern runs only if the text contains a character that it needs: this function takes most of the parsing time.
    """
    text = normalise(text)
    if "\\" in text or "^{" in text:
        for _ in range(3):
            text = _LATEX_STYLE.sub(r"\1", text)
        text = _LATEX_SPACE.sub(" ", without_latex_symbols(text))
    elif "$" in text:
        text = _LATEX_SPACE.sub(" ", text)
    if "<" in text:
        text = _CLOSING_TAG.sub("\n", _TAG.sub(" ", text))
    if not text.isascii():
        text = _TICK.sub(" ", text)
    if "~~" in text:
        text = _STRUCK.sub(" ", text)
    if _EMPHASIS_SIGN.search(text):
        text = _EMPHASIS.sub("", text)
    if _RUNS.search(text):
        text = _BLANKS.sub(" ", text)
    return text
