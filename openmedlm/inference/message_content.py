"""Text and thoughts in the content of a message, which is a text or a list of parts."""

from collections.abc import Mapping
from typing import Any, NamedTuple

_TEXT_TYPES = (None, "text", "output_text", "input_text")
_REASONING_TYPES = ("thinking", "reasoning", "reasoning_content", "thought", "redacted_thinking")
_REASONING_NAMES = ("text", "thinking", "reasoning", "reasoning_content", "content", "summary")
"""Fields of a part or an object with thoughts that may hold their text."""


class Content(NamedTuple):
    """Text, thoughts and refusal in the content of a message; empty if there are none."""

    text: str
    reasoning: str
    refusal: str = ""


def parse_content(content: Any) -> Content:
    """Return the text of a content, and the thoughts among its parts; parts of unknown types are ignored.

    Raises:
        TypeError: The content is neither a text, an object with a text, a list, nor null.

    Example:
        >>> parse_content([{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "B"}]).text
        'B'
    """
    if content is None or isinstance(content, str):
        return Content(content or "", "")
    if isinstance(content, list):
        parts = [_parse_part(part) for part in content]
        return Content(*("".join(texts) for texts in zip(*parts, strict=True))) if parts else Content("", "")
    if isinstance(content, Mapping):
        parsed = _parse_part(content)
        if any(parsed) or "text" in content:
            return parsed
    raise TypeError(f"expected text, got {type(content).__name__}")


def _parse_part(part: Any) -> Content:
    if isinstance(part, str):
        return Content(part, "")
    if isinstance(part, list):
        return parse_content(part)
    if not isinstance(part, Mapping):
        return Content("", "")
    kind = part.get("type")
    if kind in _REASONING_TYPES or part.get("thought") is True:
        return Content("", reasoning_text(part))
    if kind == "refusal":
        return Content("", "", part["refusal"] if isinstance(part.get("refusal"), str) else "")
    if kind in _TEXT_TYPES:
        value = part.get("text", part.get("content"))
        if isinstance(value, Mapping):  # the Assistants API: {"text": {"value": …}}
            value = value.get("value")
        return parse_content(value) if isinstance(value, str | list) else Content("", "")
    return Content("", "")


def reasoning_text(value: Any) -> str:
    """Return the text of thoughts: a text, an object with one, or a list of these; empty for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(reasoning_text, value))
    if isinstance(value, Mapping):
        return next((found for name in _REASONING_NAMES if (found := reasoning_text(value.get(name)))), "")
    return ""
