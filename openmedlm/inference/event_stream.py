"""Responses in the streaming format, which some endpoints send although it was not asked for."""

from typing import Any

import orjson

_DATA = "data:"


def join_event_stream(text: str) -> dict[str, Any] | None:
    """Return the events of a response as one response; None if the text is no event stream.

    Example:
        >>> join_event_stream('data: {"choices": [{"index": 0, "delta": {"content": "B"}}]}\\n\\ndata: [DONE]')
        {'choices': [{'index': 0, 'message': {'content': 'B'}, 'finish_reason': None}]}
    """
    if not text.lstrip().startswith((_DATA, "event:", ":")):
        return None
    choices: dict[Any, dict[str, Any]] = {}
    rest: dict[str, Any] = {}
    try:
        for line in text.splitlines():
            data = line.removeprefix(_DATA).strip()
            if not line.startswith(_DATA) or not data or data == "[DONE]":
                continue
            event = orjson.loads(data)
            rest |= {name: event[name] for name in ("usage", "error") if event.get(name)}
            for part in event.get("choices") or []:
                index = part.get("index", 0)
                choice = choices.setdefault(index, {"index": index, "message": {}, "finish_reason": None})
                _append(choice, part)
    except (orjson.JSONDecodeError, AttributeError, TypeError):
        return None
    return {"choices": [choices[index] for index in sorted(choices)], **rest} if choices or rest else None


def _append(choice: dict[str, Any], part: dict[str, Any]) -> None:
    """Append the text of an event to its choice."""
    pieces = part.get("delta") or part.get("message") or {"content": part.get("text")}
    message = choice["message"]
    for name in ("content", "reasoning_content", "reasoning", "refusal"):
        if isinstance(pieces.get(name), str):
            message[name] = message.get(name, "") + pieces[name]
    choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
    if part.get("error"):
        choice["error"] = part["error"]
