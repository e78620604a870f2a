from dataclasses import replace
from typing import Any

import pytest

from openmedlm.inference.request import Request
from openmedlm.programs import SamplingParams

MESSAGES = ({"role": "system", "content": "Answer."}, {"role": "user", "content": "Pumps?\nA. Liver\nB. Heart"})
REQUEST = Request(MESSAGES, SamplingParams(32, temperature=0.8, top_p=0.9), sample=2, attempt=1, seed=7)


def test_key_of_a_request_never_changes() -> None:
    """A known value: caches of earlier releases stay valid."""
    assert REQUEST.key("hosted_vllm/small") == "6cff75389517626479d5f1c2217158e6deca80268ed9e52f9db4a8a683873b9a"
    assert REQUEST._replace(prompt=tuple(dict(reversed(m.items())) for m in MESSAGES)).key("m") == REQUEST.key("m")


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": MESSAGES[1:]},
        {"prompt": "Answer.\n\nPumps?\nA. Liver\nB. Heart"},
        {"decode": SamplingParams(33, temperature=0.8, top_p=0.9)},
        {"decode": SamplingParams(32, temperature=0.7, top_p=0.9)},
        {"decode": SamplingParams(32, temperature=0.8)},
        {"decode": SamplingParams(32, temperature=0.8, top_p=0.9, top_k=5)},
        {"decode": SamplingParams(32, temperature=0.8, top_p=0.9, stop=("\n",))},
        {"sample": 3},
        {"attempt": 0},
        {"seed": 8},
        {"seed": None},
        {"choices": ("A", "B")},
    ],
)
def test_key_depends_on_every_field_but_the_question(change: dict[str, object]) -> None:
    assert REQUEST._replace(**change).key("m") != REQUEST.key("m")


def test_key_depends_on_the_model() -> None:
    assert REQUEST.key("hosted_vllm/small") != REQUEST.key("hosted_vllm/large")


def test_chat_is_true_for_messages_only() -> None:
    assert REQUEST.chat
    assert not REQUEST._replace(prompt="Pumps?").chat


@pytest.mark.parametrize(
    "fields",
    [{"thinking_tokens": 0}, {"thinking_tokens": 900}, {"sampling": "program"}, {"thought_marks": ("<a>…</a>",)}],
)
def test_key_ignores_parameters_that_are_not_sent(fields: dict[str, Any]) -> None:
    assert REQUEST._replace(decode=replace(REQUEST.decode, **fields)).key("m") == REQUEST.key("m")


def test_key_of_the_server_sampling_ignores_temperature() -> None:
    keys = {
        REQUEST._replace(decode=replace(REQUEST.decode, sampling="model", temperature=temperature)).key("m")
        for temperature in (0.0, 0.8)
    }
    assert len(keys) == 1
    assert REQUEST.key("m") not in keys
