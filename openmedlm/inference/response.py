"""Completions in the responses of OpenAI-compatible endpoints."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from openmedlm.inference.causes import error_text, make_error
from openmedlm.inference.errors import FAILED_FINISH_REASONS, EndpointError
from openmedlm.inference.message_content import Content, parse_content, reasoning_text
from openmedlm.inference.request import Completion
from openmedlm.metrics import CUT_OFF

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which UTF-8 cannot encode."""

_REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks")
"""Fields of a message that hold thoughts; servers that send several repeat the same thoughts."""

_CUT_OFF_REASONS = ("length", "max_tokens", "max_output_tokens", "max_length", "model_length", "token_limit")
"""Finish reasons of a completion that the token limit cut off: those of OpenAI, Anthropic and Gemini, and others."""

_NO_ERROR_CODES = (None, 0, 200, "0", "200", "ok", "success")


class _Usage(NamedTuple):
    """Token counts of a response; 0 for those that it does not say, None for reasoning tokens."""

    prompt: int
    completion: int
    cached: int
    reasoning: int | None


def parse_completions(
    response: Any, seconds: float, cost_usd: float | None, count: int | None = None
) -> list[Completion]:
    """Return the completions of a response, at least one.

    An endpoint counts the tokens of all choices together. The first completion gets the prompt tokens, since the
    prompt was read once; the completion tokens and the cost are divided equally. A field beside the text that has an
    unknown form counts as absent. A choice with an error is a completion whose finish reason is `error`, unless all
    choices are.

    Args:
        response: Parsed JSON.
        seconds: Latency of the request.
        cost_usd: Cost of the request.
        count: Number of completions that were asked for; further ones are left out. None keeps all.

    Raises:
        EndpointError: The response is malformed, holds no choice, or is an error; transient unless the error says
            otherwise, since the next response may be whole.
    """
    try:
        if _is_error(response.get("error")):
            raise _error_inside(response["error"])
        choices = _in_order(response["choices"])[:count]
        parsed = [_parse_choice(choice) for choice in choices]
        if not parsed:
            raise IndexError
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, RecursionError) as error:
        message = f"no completion in the response: {error_text(response)}"
        raise EndpointError(message, failure="malformed", transient=True) from error
    if all(finish_reason in FAILED_FINISH_REASONS for _, finish_reason in parsed):
        errors = [choice.get("error") or _message_error(choice) for choice in choices]
        raise _error_inside(next(filter(None, errors), "the endpoint could not finish the completion"))
    usage = _parse_usage(response.get("usage"))
    shares = len(parsed)
    written, remainder = divmod(usage.completion, shares)
    thought, thought_remainder = divmod(usage.reasoning or 0, shares)
    return [
        Completion(
            text=content.text,
            finish_reason=finish_reason,
            prompt_tokens=0 if index else usage.prompt,
            completion_tokens=written + (index < remainder),
            cached_tokens=0 if index else usage.cached,
            cost_usd=cost_usd and cost_usd / shares,
            seconds=seconds,
            reasoning=content.reasoning,
            reasoning_tokens=None if usage.reasoning is None else thought + (index < thought_remainder),
        )
        for index, (content, finish_reason) in enumerate(parsed)
    ]


def _in_order(choices: Any) -> Sequence[Mapping[str, Any]]:
    """Return the choices by their index, if each has one of its own."""
    if not isinstance(choices, list):
        raise TypeError
    if len(choices) > 1:
        places = [choice.get("index") for choice in choices]
        if all(type(place) is int for place in places) and len(set(places)) == len(places):
            return sorted(choices, key=lambda choice: choice["index"])
    return choices


def _parse_choice(choice: Mapping[str, Any]) -> tuple[Content, str | None]:
    """Return text and thoughts of a choice, and its finish reason."""
    reason = choice.get("finish_reason")
    finish_reason = _clean(reason) or None if isinstance(reason, str) else None
    if finish_reason is not None and finish_reason.lower() in _CUT_OFF_REASONS:
        finish_reason = CUT_OFF
    if finish_reason in FAILED_FINISH_REASONS or _is_error(choice.get("error")):
        return Content("", ""), FAILED_FINISH_REASONS[0]
    if "message" not in choice:
        content = parse_content(choice["text"])
        return Content(_clean(content.text), _clean(content.reasoning)), finish_reason
    message = choice["message"]
    if isinstance(message, str):
        return Content(_clean(message), ""), finish_reason
    content = parse_content(message.get("content"))
    text = content.text
    reasoning = next((found for found in map(reasoning_text, _reasoning_values(message)) if found), content.reasoning)
    if not text:
        if refusal := (content.refusal or _string(message.get("refusal"))):
            text, finish_reason = refusal, "refusal"
        elif arguments := "\n".join(_arguments(message)):
            text, finish_reason = arguments, "tool_calls"
        elif _is_error(_message_error(choice)):
            return Content("", ""), FAILED_FINISH_REASONS[0]
    return Content(_clean(text), _clean(reasoning)), finish_reason


def _reasoning_values(message: Mapping[str, Any]) -> Iterator[Any]:
    return (message[name] for name in _REASONING_FIELDS if message.get(name))


def _arguments(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield the arguments of tool calls as JSON: some endpoints send an answer in a required form so."""
    calls = message.get("tool_calls")
    functions = [call.get("function") for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []
    for function in [*functions, message.get("function_call")]:
        arguments = function.get("arguments") if isinstance(function, Mapping) else None
        if isinstance(arguments, str) and arguments:
            yield arguments
        elif isinstance(arguments, Mapping) and arguments:
            yield orjson.dumps(arguments).decode()


def _message_error(choice: Mapping[str, Any]) -> Any:
    message = choice.get("message")
    return message.get("error") if isinstance(message, Mapping) else None


def _is_error(value: Any) -> bool:
    """Return whether an error field reports an error: some endpoints always send one, empty or with a code of 0."""
    if not isinstance(value, Mapping) or not value:
        return bool(value)
    code = value.get("code")
    return code not in _NO_ERROR_CODES or (code is None and any(value.values()))


def _error_inside(error: Any) -> EndpointError:
    """Return the error that a response with HTTP 200 holds; its code may be a status."""
    code = error.get("code") if isinstance(error, Mapping) else None
    number = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdecimal()) else 0
    return make_error(number if 400 <= number < 600 else None, error, in_response=True)


def _parse_usage(usage: Any) -> _Usage:
    if not isinstance(usage, Mapping):
        return _Usage(0, 0, 0, None)
    read = usage.get("prompt_tokens_details")
    written = usage.get("completion_tokens_details")
    cached = _count(read.get("cached_tokens")) if isinstance(read, Mapping) else None
    reasoning = _count(written.get("reasoning_tokens")) if isinstance(written, Mapping) else None
    if reasoning is None and "reasoning_tokens" in usage:
        reasoning = _count(usage["reasoning_tokens"])
    return _Usage(
        _count(usage.get("prompt_tokens")) or 0, _count(usage.get("completion_tokens")) or 0, cached or 0, reasoning
    )


def _count(value: object) -> int | None:
    """Return a token count; None for anything else."""
    return value if type(value) is int and 0 <= value < 2**31 else None


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _clean(text: str) -> str:
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)
