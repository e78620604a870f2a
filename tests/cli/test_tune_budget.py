"""Limits of a study, counted at the endpoint."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from model_server import Asked, ModelServer, Reply
from student import Student

from openmedlm.data import load_split
from openmedlm.optimizers.search.eval_schedule import split_dev

Run = Callable[..., Any]
Command = tuple[str, ...]


@pytest.fixture
def tune(hosted: Command, tmp_path: Path, server: ModelServer) -> Command:
    server.reply = Student(load_split("mmlu", "dev", "sample"))
    (tmp_path / "space.yaml").write_text("strategy: [zero-shot, few-shot]\ninstructions: [default]\n")
    return ("tune", *hosted, "--space", str(tmp_path / "space.yaml"), "--trials", "12", "--block", "3", "-o", "out")


@pytest.mark.parametrize("calls", [1, 2, 5, 17, 60])
@pytest.mark.parametrize("concurrency", [1, 8])
def test_calls_never_exceed_the_limit(
    calls: int, concurrency: int, openmedlm: Run, tune: Command, server: ModelServer
) -> None:
    ended = openmedlm(*tune, "--max-calls", calls, "--max-concurrency", concurrency, "--json")
    assert ended.code == 0
    assert len(server.requests) <= calls
    assert ended.json["calls"] == len(server.requests)
    assert f"budget of {calls:,} calls" in ended.json["stopped"]
    assert openmedlm("verify", "out/program").code == 0


def test_resumed_study_keeps_its_call_count(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    openmedlm(*tune, "--max-calls", 30)
    openmedlm(*tune, "--max-calls", 30)
    assert len(server.requests) <= 30
    openmedlm(*tune, "--max-calls", 50)
    assert 30 < len(server.requests) <= 50


def test_resumed_budget_ends_as_an_unlimited_one(openmedlm: Run, tune: Command) -> None:
    openmedlm(*tune, "--max-calls", 40)
    openmedlm(*tune)
    went_on = Path("out/program/program.json").read_bytes()
    assert openmedlm(*tune[:-1], "whole", "--store", "fresh.sqlite").code == 0
    assert Path("whole/program/program.json").read_bytes() == went_on


def test_budget_share_is_kept_for_the_holdout_set(openmedlm: Run, tune: Command) -> None:
    result = openmedlm(*tune, "--max-calls", 60, "--json").json
    assert result["holdout"] is not None
    assert result["holdout"]["n"] > 0


def test_tune_refuses_a_budget_as_max_tokens(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    ended = openmedlm(*tune, "--max-tokens", 200_001)
    assert (ended.code, ended.err.count("\n"), server.requests) == (2, 1, [])
    assert "--token-limit" in ended.err
    assert openmedlm(*tune, "--max-tokens", 200_000, "--dry-run").code == 0


def test_tune_past_its_token_limit_stops(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    ended = openmedlm(*tune, "--token-limit", 4_000, "--max-concurrency", 1, "--json")
    assert ended.code == 0
    longest = max(len(str(request.prompt).split()) for request in server.requests) + 10
    assert ended.json["prompt_tokens"] + ended.json["completion_tokens"] <= 4_000 + longest  # a request in flight
    assert "4,000 tokens" in ended.json["stopped"]


def test_tune_past_its_timeout_stops(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    student = server.reply

    def slowly(request: Asked) -> Reply:
        return replace(student(request), delay=0.05)

    server.reply = slowly
    began = time.monotonic()
    ended = openmedlm(*tune, "--timeout", 4, "--max-concurrency", 1, "--json")
    assert ended.code == 0
    assert "4 seconds" in ended.json["stopped"]
    assert time.monotonic() - began < 30  # minutes without the limit


def test_requests_in_flight_at_the_limit_are_cached(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    openmedlm(*tune, "--max-calls", 20, "--max-concurrency", 8)
    sent = len(server.requests)
    before = {request.identity for request in server.requests}
    openmedlm(*tune, "--max-calls", 40, "--max-concurrency", 8)
    assert not before & {request.identity for request in server.requests[sent:]}


@pytest.mark.parametrize("calls", [4, 8, 16, 24])
def test_partly_evaluated_ensemble_can_win(calls: int, openmedlm: Run, tune: Command, tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text("strategy: [few-shot]\nk: [2]\nvotes: [15]\ntemperature: [0.8]\n")
    result = openmedlm(*tune, "--max-calls", calls, "--json")
    assert result.code == 0
    assert openmedlm("verify", "out/program").code == 0


@pytest.mark.parametrize("calls", [12, 19, 26, 33, 40, 47])
def test_refused_question_keeps_the_result(calls: int, openmedlm: Run, tune: Command, server: ModelServer) -> None:
    """A refused request is not cached, so it is sent again; at the end of a budget it must not be."""
    student = server.reply
    refused = load_split("mmlu", "dev", "sample")[::3]

    def reply(request: Asked) -> Reply:
        hit = any(question.question in request.question for question in refused)
        return Reply("too long", status=400) if hit else student(request)

    server.reply = reply
    ended = openmedlm(*tune, "--max-calls", calls, "--json")
    assert ended.code in (0, 3)
    assert ended.json["calls"] <= calls
    assert openmedlm("verify", "out/program").code == 0


def test_budget_that_ends_before_test_is_reported(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    server.reply = Student([*load_split("mmlu", "dev", "sample"), *load_split("mmlu", "test", "sample")])
    ended = openmedlm(*tune, "--max-calls", 30, "--test", "--json")
    assert (ended.code, ended.json["test"], ended.json["test_missed"]) == (0, None, True)
    assert "before the test split" in openmedlm(*tune, "--max-calls", 30, "--test").out


def test_too_small_budget_freezes_the_baseline(openmedlm: Run, tune: Command) -> None:
    result = openmedlm(*tune, "--max-calls", 1, "--json").json
    assert result["configuration"]["strategy"] == "zero-shot"
    assert result["holdout"] is None
    assert orjson.loads(Path("out/program/program.json").read_bytes())["dev"] is None
    assert "before any program was evaluated" in openmedlm(*tune, "--max-calls", 1).out


def test_search_set_leader_does_not_beat_the_baseline(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    """The budget ends while the best of the search set answers the holdout set; the baseline has answered it."""
    questions = load_split("mmlu", "dev", "sample")
    schedule, _ = split_dev(questions, 0, 0.5)
    stumbling = {question.question for question in schedule.questions[:1]}
    student = Student(questions, bare=1.0, taught=1.0)

    def reply(request: Asked) -> Reply:
        bare = len(request.prompt) == 2
        return Reply("Who knows?") if bare and any(stem in request.question for stem in stumbling) else student(request)

    server.reply = reply
    options = ("--trials", "2", "--on-unparsed", "skip", "--max-calls", "20", "--json")
    result = openmedlm(*tune, *options).json
    assert (result["label"], result["holdout"]["n"], result["complete"]) == ("zero-shot", 6, False)
    assert result["search_set"]["correct"] == 5
