"""Request bodies of OpenAI-compatible endpoints."""

from collections.abc import Mapping
from typing import Any

from openmedlm.inference.endpoint import Constraint, Endpoint
from openmedlm.inference.errors import EndpointError
from openmedlm.inference.request import Request
from openmedlm.programs.thinking_fields import thinking_fields

CONSTRAINT_FIELDS = frozenset({"grammar", "structured_outputs", "guided_choice", "response_format"})
"""Fields that constrain a completion to option letters."""


def request_body(request: Request, endpoint: Endpoint, count: int = 1) -> dict[str, Any]:
    """Return the JSON body of a request for `count` completions, without the parameters left to the endpoint.

    Raises:
        EndpointError: The request is constrained to letters, and no way to do so is known for the endpoint.
    """
    decode = request.decode
    by_program = decode.sampling != "model"
    limit = "max_completion_tokens" if "max_tokens" in decode.omit_params else "max_tokens"
    fields: dict[str, Any] = {
        "model": endpoint.served_name,
        "messages" if request.chat else "prompt": request.prompt,
        "temperature": decode.temperature if by_program else None,
        limit: decode.max_tokens,
        "top_p": decode.top_p if by_program else None,
        "top_k": decode.top_k if by_program else None,
        "stop": list(decode.stop) or None,
        "seed": request.seed,
        "n": count if count > 1 else None,
    }
    if request.chat:
        fields |= thinking_fields(decode.thinking, endpoint.thinking_fields)
    if request.continued:
        fields |= {"continue_final_message": True, "add_generation_prompt": False}
    if request.choices:
        if endpoint.constraint is None:
            raise EndpointError(
                "no way is known to constrain this endpoint to option letters. Use --on-unparsed resample."
            )
        fields |= _constraint_fields(
            request.choices, endpoint.constraint, after_text=request.continued or not request.chat
        )
    if decode.extra_body:
        fields = _merged(fields, decode.extra_body)
    return {name: value for name, value in fields.items() if value is not None and name not in decode.omit_params}


def _merged(fields: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with the extra ones; of two objects under one name, the members are merged."""
    merged = dict(fields)
    for name, value in extra.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = _merged(merged[name], value) if both else value
    return merged


def _constraint_fields(choices: tuple[str, ...], constraint: Constraint, *, after_text: bool) -> dict[str, Any]:
    # In the middle of a text, a letter follows a space ("Answer: B"); without the space, it is another token.
    lead = " " if after_text else ""
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
