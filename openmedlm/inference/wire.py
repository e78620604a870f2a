"""Requests and responses as OpenAI-compatible endpoints write them."""

import re
from collections.abc import Mapping
from typing import Any

from openmedlm.inference.endpoint import Constraint
from openmedlm.inference.errors import EndpointError
from openmedlm.inference.request import Completion, Request

_HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which no text on disk can hold."""


def body(request: Request, served_name: str, constraint: Constraint | None, count: int = 1) -> dict[str, Any]:
    """The JSON body of a request for so many completions; parameters left to the endpoint are left out."""
    decode = request.decode
    fields: dict[str, Any] = {
        "model": served_name,
        "messages" if request.chat else "prompt": request.prompt,
        "temperature": decode.temperature,
        "max_tokens": decode.max_tokens,
        "top_p": decode.top_p,
        "top_k": decode.top_k,
        "stop": list(decode.stop) or None,
        "seed": request.seed,
        "n": count if count > 1 else None,
    }
    if request.choices:
        if constraint is None:
            raise EndpointError("this endpoint is not known to hold an answer to given letters; ask again instead")
        fields |= _constrained(request.choices, constraint, chat=request.chat)
    return {name: value for name, value in fields.items() if value is not None}


def completions(response: Any, seconds: float, cost_usd: float | None) -> list[Completion]:
    """The choices of a response, one at least.

    An endpoint counts the tokens of all choices together: the first is given those of the prompt, which was read once,
    and each an equal part of those that were written, and of the cost.

    Raises:
        EndpointError: the response is not one, or holds no choice; transient, since the next one may.
    """
    try:
        choices = response["choices"]
        usage = response.get("usage") or {}
        prompt = _count(usage.get("prompt_tokens"))
        cached = _count((usage.get("prompt_tokens_details") or {}).get("cached_tokens"))
        count = len(choices) or 1
        written, left = divmod(_count(usage.get("completion_tokens")), count)
        cost = cost_usd and cost_usd / count
        return [
            Completion(
                text=_written(choice["message"]) if "message" in choice else _text(choice["text"]),
                finish_reason=_text(choice.get("finish_reason")) or None,
                prompt_tokens=0 if place else prompt,
                completion_tokens=written + (place < left),
                cached_tokens=0 if place else cached,
                cost_usd=cost,
                seconds=seconds,
            )
            for place, choice in enumerate([choices[0], *choices[1:]])
        ]
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        said = f"the endpoint sent no completion: {_said(response)}"
        raise EndpointError(said, failure="malformed", transient=True) from error


def _written(message: Mapping[str, Any]) -> str:
    """What a chat model wrote; reasoning that the server split off stands before it, between the usual marks."""
    content = _text(message.get("content"))
    reasoning = _text(message.get("reasoning_content") or message.get("reasoning"))
    if not reasoning:
        return content
    return f"<think>{reasoning}</think>{content}" if content else f"<think>{reasoning}"


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"a text is due, not {type(value).__name__}")
    return _HALF.sub("\ufffd", value)


def _count(value: object) -> int:
    count = int(value or 0)  # type: ignore[call-overload]
    if not 0 <= count < 2**31:
        raise ValueError(f"{count} is no number of tokens")
    return int(count)


def failure(status: int, response: Any, retry_after: float | None) -> EndpointError:
    """The error that an HTTP status and its body tell of."""
    transient = status in (408, 409, 425, 429) or status >= 500
    return EndpointError(
        f"HTTP {status}: {_said(response)}", status=status, transient=transient, retry_after=retry_after
    )


def _constrained(choices: tuple[str, ...], constraint: Constraint, *, chat: bool) -> dict[str, Any]:
    # A base model's letter follows a space ("Answer: B"); tokenised without it, the letter is another token.
    lead = "" if chat else " "
    if constraint == "grammar":
        return {"grammar": "root ::= " + " | ".join(f'"{lead}{choice}"' for choice in choices)}
    if constraint == "structured_outputs":
        # The second name is the one that vLLM took before 0.12; each release passes over the other.
        allowed = [lead + choice for choice in choices]
        return {"structured_outputs": {"choice": allowed}, "guided_choice": allowed}
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "string", "enum": list(choices)}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    return {
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
    }


def _said(response: Any) -> str:
    """What a body says of an error, on one line of at most 300 characters."""
    said = response
    if isinstance(response, Mapping):
        error = response.get("error", response)
        said = error.get("message", error) if isinstance(error, Mapping) else error
    return " ".join(str(said).split())[:300]
