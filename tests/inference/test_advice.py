"""Tests of the fixes that follow an error's message."""

from typing import Any

import pytest

from openmedlm.inference import Endpoint, find_endpoint
from openmedlm.inference.advice import advise
from openmedlm.inference.causes import make_error

BASE = "http://127.0.0.1:8000/v1"


def endpoint(model: str = "openai/m", key: str | None = None) -> Endpoint:
    return find_endpoint(model, BASE, key)


@pytest.mark.parametrize(
    ("status", "message", "fix"),
    [
        (400, "System role not supported", "--template chat-user"),
        (400, "Conversation roles must alternate user/assistant/user/assistant/...", "--template chat-user"),
        (400, "The model does not have a chat template", "--template plain"),
        (400, "default chat template is no longer allowed, so you must provide a chat template", "--template plain"),
        (400, "Cannot use chat template functions because tokenizer.chat_template is not set", "--template plain"),
        (400, "maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.", "-k"),
        (429, "insufficient_quota", "rerun the command to resume"),
        (401, "no", "OPENAI_API_KEY or pass --api-key"),
    ],
)
def test_error_ends_with_its_fix(status: int, message: str, fix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    line = advise(make_error(status, {"error": {"message": message}}), endpoint())
    assert line.startswith(f"HTTP {status}: {message.rstrip('.')}. ")
    assert fix in line
    assert line.endswith(".")


def test_long_wait_is_named() -> None:
    line = advise(make_error(429, {"error": "rate limit"}, 7_200.0), endpoint())
    assert "7,200 s" in line
    assert "rerun" in line


def test_error_without_a_known_fix_is_unchanged() -> None:
    assert advise(make_error(500, {"error": "crashed"}), endpoint()) == "HTTP 500: crashed"


@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("hosted_vllm/m", "HOSTED_VLLM_API_KEY"),
        ("mistral/m", "MISTRAL_API_KEY"),
        ("anthropic/m", "ANTHROPIC_API_KEY"),
        ("meta-llama/m", "OPENAI_API_KEY"),
    ],
)
def test_key_is_named_by_its_variable(model: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable, raising=False)
    refused = make_error(401, "no")
    assert f"Set {variable} or pass --api-key" in advise(refused, endpoint(model))
    assert f"Correct the key in {variable} or --api-key" in advise(refused, endpoint(model, "a-key"))


@pytest.mark.parametrize(
    ("model", "served", "fix"),
    [
        ("openai/m", ("big/m",), "pass -m openai/big/m."),
        ("hosted_vllm/m", ("big/m",), "pass -m hosted_vllm/big/m."),
        ("some/m", ("big/m",), "pass -m big/m."),
        ("openai/m", ("m",), None),
        ("openai/m", ("one", "two"), "serves one, two: pass -m openai/one."),
        ("openai/m", ("m", "two"), None),
        ("openai/m", (), None),
    ],
)
def test_missing_model_names_the_only_served_one(model: str, served: Any, fix: str | None) -> None:
    line = advise(make_error(404, {"error": "The model does not exist"}), endpoint(model), served)
    assert (fix in line) if fix else ("serves" not in line)
