"""Request bodies of OpenAI-compatible endpoints."""

from typing import Any

from openmedlm.inference.endpoint import Constraint, Endpoint
from openmedlm.inference.errors import EndpointError
from openmedlm.inference.request import Request

CONSTRAINT_FIELDS = frozenset({"grammar", "structured_outputs", "guided_choice", "response_format"})
"""Fields that constrain a completion to option letters."""


def request_body(request: Request, endpoint: Endpoint, count: int = 1) -> dict[str, Any]:
    """Return the JSON body of a request for `count` completions, without the parameters left to the endpoint."""
    decode = request.decode
    fields: dict[str, Any] = {
        "model": endpoint.served_name,
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
        if endpoint.constraint is None:
            raise EndpointError(
                "no way is known to constrain this endpoint to option letters. Use --on-unparsed resample."
            )
        fields |= _constraint_fields(request.choices, endpoint.constraint, chat=request.chat)
    if decode.omit_params:
        if "max_tokens" in decode.omit_params:
            fields["max_completion_tokens"] = decode.max_tokens
        fields = {name: value for name, value in fields.items() if name not in decode.omit_params}
    return {name: value for name, value in fields.items() if value is not None}


def _constraint_fields(choices: tuple[str, ...], constraint: Constraint, *, chat: bool) -> dict[str, Any]:
    # A base model's letter follows a space ("Answer: B"); without the space, it is another token.
    lead = "" if chat else " "
    if constraint == "grammar":
        return {"grammar": "root ::= " + " | ".join(f'"{lead}{choice}"' for choice in choices)}
    if constraint == "structured_outputs":
        # vLLM before 0.12 reads the second name; each release ignores the other.
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
