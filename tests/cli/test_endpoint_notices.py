"""Tests of what commands say about an endpoint: notices, waits, and errors that end a run."""

import socket
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from model_server import Asked, ModelServer, Reply

import openmedlm as package
from openmedlm import MajorityEnsemble, ZeroShot, load_benchmark
from openmedlm.inference import EndpointWarning

QUESTIONS = ("-b", "mmlu", "--split", "dev", "--data-dir", "sample", "--limit", "4")


def refuse_seed(asked: Asked) -> Reply:
    if "seed" in asked.body:
        return Reply("Extra inputs are not permitted: seed", status=422)
    return Reply("A")


def test_refused_parameter_is_a_note_on_stderr(openmedlm: Callable, server: ModelServer) -> None:
    server.reply = refuse_seed
    ended = openmedlm("evaluate", "ensemble", *QUESTIONS, "-m", "openai/m", "--api-base", server.base_url, "--json")
    assert (ended.code, ended.json["runs"][0]["errors"]) == (0, 0)
    notes = [line for line in ended.err.splitlines() if line.startswith("note: ")]
    assert len(notes) == 1
    assert "seed" in notes[0]


def test_ask_prints_notes(openmedlm: Callable, server: ModelServer) -> None:
    server.reply = refuse_seed
    options = ("--question", "Which?", "--option", "x", "--option", "y", "--temperature", "0.8", "--json")
    ended = openmedlm("ask", "zero-shot", *options, "-m", "openai/m", "--api-base", server.base_url)
    assert (ended.code, ended.json["answer"]) == (0, "A")
    assert "note: the endpoint refuses seed" in ended.err


def test_served_name_and_address_without_version_work(openmedlm: Callable, server: ModelServer) -> None:
    server.reply = lambda asked: Reply("A")
    options = ("evaluate", "zero-shot", *QUESTIONS, "--json", "-m", "some-lab/model:7b", "--api-base")
    ended = openmedlm(*options, server.base_url.removesuffix("/v1"))
    assert (ended.code, ended.json["runs"][0]["calls"]) == (0, 4)
    assert {body["model"] for body in server.bodies} == {"some-lab/model:7b"}
    assert "/v1" in ended.err
    count = len(server.requests)
    assert openmedlm(*options, server.base_url).code == 0
    assert len(server.requests) == count, "the cache knows both forms of the address as one"


@pytest.mark.parametrize("status", [401, 500])
def test_missing_key_ends_the_command_in_one_line(
    status: int, openmedlm: Callable, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    server.reply = lambda asked: Reply("You didn't provide an API key.", status=status)
    options = ("-m", "openai/m", "--api-base", server.base_url, "--max-concurrency", "1", "--json")
    ended = openmedlm("evaluate", "zero-shot", *QUESTIONS, *options)
    assert (ended.code, ended.out) == (2, "")
    assert "OPENAI_API_KEY" in ended.err
    assert "--api-key" in ended.err
    assert len({asked.identity for asked in server.requests}) == len(server.requests) <= 2, "no retries"


def test_loading_model_is_waited_for(openmedlm: Callable, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openmedlm.inference.clients.waiting.MIN_POLL_SECONDS", 0.01)
    monkeypatch.setattr("openmedlm.inference.clients.waiting.REPORT_SECONDS", 0.02)
    server.reply = lambda asked: Reply("Loading model", status=503) if len(server.requests) < 40 else Reply("A")
    options = ("-m", "openai/m", "--api-base", server.base_url, "--max-retries", "0")
    ended = openmedlm("evaluate", "zero-shot", *QUESTIONS, *options, "--json")
    assert (ended.code, ended.json["runs"][0]["errors"]) == (0, 0)
    assert "waits for the model to load" in ended.err


def test_wait_ends_as_the_option_says(openmedlm: Callable, server: ModelServer) -> None:
    server.reply = lambda asked: Reply("Loading model", status=503)
    options = ("-m", "openai/m", "--api-base", server.base_url, "--wait", "0")
    ended = openmedlm("evaluate", "zero-shot", *QUESTIONS, *options)
    assert ended.code == 2
    assert "--wait" in ended.err


def test_refused_connection_is_reported_at_once(openmedlm: Callable) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    options = ("evaluate", "zero-shot", *QUESTIONS, "-m", "openai/m", "--api-base", address)
    ended = openmedlm(*options)
    assert ended.code == 2
    assert "Check that the server is running" in ended.err
    waited = openmedlm(*options, "--wait", "0.05")
    assert waited.code == 2
    assert "--wait" in waited.err


def test_python_warns_of_a_refused_parameter(server: ModelServer, tmp_path: Path) -> None:
    server.reply = refuse_seed
    questions = load_benchmark("mmlu", "sample").dev
    program = MajorityEnsemble(ZeroShot(), votes=3)
    options = {"model": "openai/m", "api_base": server.base_url, "cache": tmp_path / "v.sqlite", "limit": 2}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        package.evaluate(program, questions, progress=False, **options)
    messages = [str(each.message) for each in caught if each.category is EndpointWarning]
    assert len(messages) == 1
    assert "seed" in messages[0]
