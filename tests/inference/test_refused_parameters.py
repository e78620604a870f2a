"""Tests of refused parameters, in the words of several servers."""

from typing import Any

import pytest

from openmedlm.inference.causes import make_error
from openmedlm.inference.refused_parameters import find_refused

SENT = ["temperature", "max_tokens", "top_p", "top_k", "stop", "seed", "structured_outputs", "guided_choice"]


def extra(name: str) -> dict[str, Any]:
    return {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted", "input": "seed"}


REFUSALS = {
    "pydantic": (422, {"detail": [extra("top_k")]}, ["top_k"]),
    "pydantic, two": (422, {"detail": [extra("top_k"), extra("stop")]}, ["top_k", "stop"]),
    "pydantic, nested": (422, {"object": "error", "message": {"detail": [extra("seed")]}}, ["seed"]),
    "pydantic as text": (
        400,
        {"message": "[{'type': 'extra_forbidden', 'loc': ('body', 'top_k'), 'msg': 'Extra inputs are not permitted'}]"},
        ["top_k"],
    ),
    "OpenAI": (400, {"error": {"message": "Unrecognized request argument supplied: top_k"}}, ["top_k"]),
    "OpenAI, several": (400, {"error": "Unrecognized request arguments supplied: top_k, seed"}, ["top_k", "seed"]),
    "OpenAI, unknown": (400, {"error": {"message": "Unknown parameter: 'top_k'.", "param": "top_k"}}, ["top_k"]),
    "renamed": (
        400,
        {
            "error": {
                "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                "'max_completion_tokens' instead.",
                "param": "max_tokens",
                "code": "unsupported_parameter",
            }
        },
        ["max_tokens"],
    ),
    "value": (
        400,
        {
            "error": {
                "message": "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) "
                "value is supported.",
                "param": "temperature",
                "code": "unsupported_value",
            }
        },
        ["temperature"],
    ),
    "transformers serve": (
        422,
        {"detail": "Unexpected fields in the request: {'structured_outputs', 'guided_choice'}"},
        ["structured_outputs", "guided_choice"],
    ),
    "Python": (500, {"error": "generate() got an unexpected keyword argument 'seed'"}, ["seed"]),
    "Groq": (400, {"error": {"message": "property 'seed' is unsupported"}}, ["seed"]),
    "JSON schema": (400, {"message": "Additional properties are not allowed ('seed' was unexpected)"}, ["seed"]),
    "protobuf": (400, [{"error": {"message": 'Unknown name "seed": Cannot find field.'}}], ["seed"]),
    "plain": (400, "parameter top_k is not supported by this model", ["top_k"]),
    "support": (404, {"error": {"message": "This endpoint does not support top_k."}}, ["top_k"]),
    "no support": (400, {"error": {"message": "There is no support for `seed` yet"}}, ["seed"]),
    "invalid": (400, {"message": "Invalid field: seed"}, ["seed"]),
    "deprecated": (400, {"message": "`top_k` is deprecated for this model"}, ["top_k"]),
    "semicolon": (400, {"message": "`temperature` and `top_p` are not both used; top_p is not allowed"}, ["top_p"]),
    "list of the supported ones": (
        400,
        {"message": "Unknown parameter: top_k. Supported parameters are: temperature, top_p, seed"},
        ["top_k"],
    ),
    "one sentence": (400, {"message": "unknown field top_k, expected one of: temperature, seed"}, ["top_k"]),
    "not implemented": (501, {"error": {"message": "seed is not implemented"}}, ["seed"]),
}

OTHERS = {
    "range": (400, {"error": {"message": "temperature must be at most 2", "param": "temperature"}}),
    "missing": (422, {"detail": [{"type": "missing", "loc": ["body", "seed"], "msg": "Field required"}]}),
    "model": (404, {"error": {"message": "The model `x` does not exist", "param": "model"}}),
    "part of a word": (400, {"message": "unknown field seeded"}),
    "unsent": (400, {"message": "unknown field min_p"}),
    "key": (401, {"message": "Unknown API key; seed"}),
    "overload": (503, {"message": "seed is not supported"}),
    "context": (400, {"message": "max_tokens is too large: unsupported, maximum context length is 4096 tokens"}),
}


@pytest.mark.parametrize(("status", "body", "names"), REFUSALS.values(), ids=REFUSALS)
def test_refused_parameters_are_found(status: int, body: Any, names: list[str]) -> None:
    assert sorted(find_refused(make_error(status, body), SENT)) == sorted(names)


@pytest.mark.parametrize(("status", "body"), OTHERS.values(), ids=OTHERS)
def test_other_errors_refuse_no_parameter(status: int, body: Any) -> None:
    assert find_refused(make_error(status, body), SENT) == []
