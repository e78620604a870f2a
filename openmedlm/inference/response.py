"""Completions and errors in the responses of OpenAI-compatible endpoints."""

import re
from collections.abc import Mapping
from typing import Any

from openmedlm.inference.errors import EndpointError
from openmedlm.inference.request import Completion

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which UTF-8 cannot encode."""


def parse_completions(response: Any, seconds: float, cost_usd: float | None) -> list[Completion]:
    """Return the completions of a response, at least one.

    An endpoint counts the tokens of all choices together. The first completion gets the prompt tokens, since the
    prompt was read once; the completion tokens and the cost are divided equally.

    Raises:
        EndpointError: The response is malformed or holds no choice; transient, since the next one may be whole.
    """
    try:
        choices = response["choices"]
        usage = response.get("usage") or {}
        prompt = _count(usage.get("prompt_tokens"))
        cached = _count((usage.get("prompt_tokens_details") or {}).get("cached_tokens"))
        count = len(choices) or 1
        written, remainder = divmod(_count(usage.get("completion_tokens")), count)
        cost = cost_usd and cost_usd / count
        return [
            Completion(
                text=_message_text(choice["message"]) if "message" in choice else _text(choice["text"]),
                finish_reason=_text(choice.get("finish_reason")) or None,
                prompt_tokens=0 if index else prompt,
                completion_tokens=written + (index < remainder),
                cached_tokens=0 if index else cached,
                cost_usd=cost,
                seconds=seconds,
            )
            for index, choice in enumerate([choices[0], *choices[1:]])
        ]
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        message = f"no completion in the response: {_error_text(response)}"
        raise EndpointError(message, failure="malformed", transient=True) from error


def _message_text(message: Mapping[str, Any]) -> str:
    """Return the text of a chat message; reasoning that the server split off precedes it in `<think>` tags."""
    content = _text(message.get("content"))
    reasoning = _text(message.get("reasoning_content") or message.get("reasoning"))
    if not reasoning:
        return content
    return f"<think>{reasoning}</think>{content}" if content else f"<think>{reasoning}"


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {type(value).__name__}")
    return _LONE_SURROGATE.sub("\ufffd", value)


def _count(value: object) -> int:
    count = int(value or 0)  # type: ignore[call-overload]
    if not 0 <= count < 2**31:
        raise ValueError(f"not a token count: {count}")
    return int(count)


def parse_failure(status: int, response: Any, retry_after: float | None) -> EndpointError:
    """Return the error of an HTTP status and its body."""
    transient = status in (408, 409, 425, 429) or status >= 500
    return EndpointError(
        f"HTTP {status}: {_error_text(response)}", status=status, transient=transient, retry_after=retry_after
    )


def _error_text(response: Any) -> str:
    """Return the error message of a body, on one line of at most 300 characters."""
    text = response
    if isinstance(response, Mapping):
        error = response.get("error", response)
        text = error.get("message", error) if isinstance(error, Mapping) else error
    return " ".join(str(text).split())[:300]
