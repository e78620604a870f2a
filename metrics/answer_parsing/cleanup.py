"""Removal of markup and template tokens from an answer."""

import re

from openmedlm.metrics.answer_parsing.characters import normalise, without_latex_symbols

# An answer is at the start or at the end. The middle of a long completion is dropped, which bounds the time.
_HEAD_CHARACTERS, _TAIL_CHARACTERS = 8_000, 32_000

# Tokens that end a turn, or the answer of a model that marks it. The thoughts are gone by then, so `<|end|>` is one.
_END_OF_TURN = re.compile(
    r"</s>|<end_of_turn>|<eos>|<turn\|>|<seed:eos>|\[EOS\]|\[END FINAL RESPONSE\]|<[|｜]end▁of▁sentence[|｜]>|"
    r"<\|(?:im_end|endoftext|eot_id|eot|eom|end|end_of_text|return|call|endofturn|end_of_msg|role_end|user|end_response|"
    r"end_text|end_of_turn_token|end_of_solution|end_message|content_model_end_sampling|close)\|>",
    re.IGNORECASE,
)
_TEMPLATE_TOKEN = re.compile(r"<\|\w{1,40}\|?>|<\w{1,40}\|>|<｜[^<>｜]{1,40}｜>")
_ROLE = re.compile(
    r"(?:<\|(?:im_start|start|start_header_id|turn)\|?>|<start_of_turn>)\s*(?:assistant|model)\b|^\s*to=user(?=<\|message\|>)",
    re.IGNORECASE,
)
# `<final>D</final>`, `[OPTION]D[/OPTION]`: one mark around the whole answer. `<answer>` is a cue.
_WHOLE = re.compile(
    r"\s*(?:<(?!(?:final_?)?answer\b)|\[)(\w{2,20})[>\]]((?:(?![<\[]\1[>\]]).){1,2000}?)[<\[]/\1[>\]]\s*",
    re.IGNORECASE | re.DOTALL,
)

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


def clean(text: str) -> str:
    """Return both ends of a text, as plain lines."""
    if len(text) > _HEAD_CHARACTERS + _TAIL_CHARACTERS:
        text = f"{text[:_HEAD_CHARACTERS]}\n…\n{text[-_TAIL_CHARACTERS:]}"
    if "<" in text or "[" in text:
        text = _before_end_of_turn(text)
    if "\\" in text:
        text = _WRITTEN_BREAK.sub("\n", text.replace('\\"', '"'))
    text = plain(text)
    if _LINE_SIGN.search(text):
        text = _LINE_MARK.sub("", text)
    return _BREAKS.sub(lambda m: "\n\n" if m[0].count("\n") > 1 else "\n", text).strip()


def _before_end_of_turn(text: str) -> str:
    """Return the text before the token that ends the turn, without other template tokens and marks of the answer."""
    text = _ROLE.sub(" ", text).lstrip()
    end = _END_OF_TURN.search(text)
    if end is not None and end.start() > 0:
        text = text[: end.start()]
    text = _TEMPLATE_TOKEN.sub(" ", text)
    whole = _WHOLE.fullmatch(text)
    return text if whole is None else whole[2]


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
