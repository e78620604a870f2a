"""Tests of the list of models of an endpoint."""

from typing import Any

import pytest

from openmedlm.inference.clients.model_list import parse_model_list


@pytest.mark.parametrize(
    ("entry", "length"),
    [
        ({"max_model_len": 4096}, 4096),
        ({"context_length": 4096}, 4096),
        ({"max_context_length": 4096}, 4096),
        ({"meta": {"n_ctx": 4096, "n_ctx_train": 32768}}, 4096),
        ({"top_provider": {"context_length": 4096}}, 4096),
        ({"max_model_len": None, "context_length": 4096}, 4096),
        ({"max_model_len": "4096"}, None),
        ({"max_model_len": -1}, None),
        ({"max_model_len": True}, None),
        ({"meta": None}, None),
        ({}, None),
    ],
)
def test_context_length_is_read_from_any_field(entry: dict[str, Any], length: int | None) -> None:
    listed = parse_model_list({"data": [{"id": "other"}, {"id": "m", **entry}]}, "m")
    assert (listed.names, listed.context_length) == (("other", "m"), length)
    assert parse_model_list({"data": [{"id": "path/m", **entry}]}, "m").context_length == length


@pytest.mark.parametrize(
    "body", [None, [], "no", 7, {}, {"data": None}, {"data": {}}, {"data": [None, 7]}, {"data": [{}]}]
)
def test_odd_list_has_no_models(body: Any) -> None:
    assert parse_model_list(body, "m") == ((), None)


def test_models_as_a_plain_list_are_read() -> None:
    assert parse_model_list([{"id": "m"}], "m").names == ("m",)
    assert parse_model_list({"models": [{"id": "m"}]}, "m").names == ("m",)
