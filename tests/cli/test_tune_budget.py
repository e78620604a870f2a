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
def test_calls_are_never_more_than_the_limit_and_the_best_so_far_is_frozen(
    calls: int, concurrency: int, openmedlm: Run, tune: Command, server: ModelServer
) -> None:
    ended = openmedlm(*tune, "--max-calls", calls, "--max-concurrency", concurrency, "--json")
    assert ended.code == 0
    assert len(server.requests) <= calls
    assert ended.json["calls"] == len(server.requests)
    assert f"budget of {calls:,} calls" in ended.json["stopped"]
    assert openmedlm("verify", "out/program").code == 0


def test_a_study_that_goes_on_counts_on(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    openmedlm(*tune, "--max-calls", 30)
    openmedlm(*tune, "--max-calls", 30)
    assert len(server.requests) <= 30
    openmedlm(*tune, "--max-calls", 50)
    assert 30 < len(server.requests) <= 50


def test_a_larger_budget_ends_where_an_unlimited_one_does(openmedlm: Run, tune: Command) -> None:
    openmedlm(*tune, "--max-calls", 40)
    openmedlm(*tune)
    went_on = Path("out/program/program.json").read_bytes()
    assert openmedlm(*tune[:-1], "whole", "--store", "fresh.sqlite").code == 0
    assert Path("whole/program/program.json").read_bytes() == went_on


def test_some_of_the_budget_is_kept_for_choosing(openmedlm: Run, tune: Command) -> None:
    result = openmedlm(*tune, "--max-calls", 60, "--json").json
    assert result["select"] is not None
    assert result["select"]["n"] > 0


def test_tokens_stop_a_study_once_they_are_spent(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    ended = openmedlm(*tune, "--token-limit", 4_000, "--max-concurrency", 1, "--json")
    assert ended.code == 0
    longest = max(len(str(asked.prompt).split()) for asked in server.requests) + 10
    assert ended.json["prompt_tokens"] + ended.json["completion_tokens"] <= 4_000 + longest  # what was in flight
    assert "4,000 tokens" in ended.json["stopped"]


def test_time_stops_a_study(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    student = server.reply

    def slowly(asked: Asked) -> Reply:
        return replace(student(asked), delay=0.05)

    server.reply = slowly
    began = time.monotonic()
    ended = openmedlm(*tune, "--timeout", 4, "--max-concurrency", 1, "--json")
    assert ended.code == 0
    assert "4 seconds" in ended.json["stopped"]
    assert time.monotonic() - began < 30  # without the limit it takes minutes


def test_what_was_in_flight_at_the_end_is_kept(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    openmedlm(*tune, "--max-calls", 20, "--max-concurrency", 8)
    asked = len(server.requests)
    before = {request.identity for request in server.requests}
    openmedlm(*tune, "--max-calls", 40, "--max-concurrency", 8)
    assert not before & {request.identity for request in server.requests[asked:]}


@pytest.mark.parametrize("calls", [4, 8, 16, 24])
def test_the_best_so_far_may_be_an_ensemble_that_was_just_begun(
    calls: int, openmedlm: Run, tune: Command, tmp_path: Path
) -> None:
    (tmp_path / "space.yaml").write_text("strategy: [few-shot]\nk: [2]\nvotes: [15]\ntemperature: [0.8]\n")
    result = openmedlm(*tune, "--max-calls", calls, "--json")
    assert result.code == 0
    assert openmedlm("verify", "out/program").code == 0


@pytest.mark.parametrize("calls", [12, 19, 26, 33, 40, 47])
def test_a_question_that_is_refused_does_not_cost_the_result(
    calls: int, openmedlm: Run, tune: Command, server: ModelServer
) -> None:
    """What was refused is not kept, so that it is asked again; at the end of a budget it must not be."""
    student = server.reply
    refused = load_split("mmlu", "dev", "sample")[::3]

    def reply(asked: Asked) -> Reply:
        hit = any(question.question in asked.question for question in refused)
        return Reply("too long", status=400) if hit else student(asked)

    server.reply = reply
    ended = openmedlm(*tune, "--max-calls", calls, "--json")
    assert ended.code in (0, 3)
    assert ended.json["calls"] <= calls
    assert openmedlm("verify", "out/program").code == 0


def test_test_that_the_budget_does_not_reach_is_said(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    server.reply = Student([*load_split("mmlu", "dev", "sample"), *load_split("mmlu", "test", "sample")])
    ended = openmedlm(*tune, "--max-calls", 30, "--test", "--json")
    assert (ended.code, ended.json["test"], ended.json["test_missed"]) == (0, None, True)
    assert "before test was answered" in openmedlm(*tune, "--max-calls", 30, "--test").out


def test_a_budget_too_small_for_any_trial_freezes_the_untuned_program(openmedlm: Run, tune: Command) -> None:
    result = openmedlm(*tune, "--max-calls", 1, "--json").json
    assert result["configuration"]["strategy"] == "zero-shot"
    assert result["select"] is None
    assert orjson.loads(Path("out/program/program.json").read_bytes())["dev"] is None
    assert "Nothing could be ranked" in openmedlm(*tune, "--max-calls", 1).out


def test_what_did_better_on_tune_alone_does_not_win_over_the_untuned_program(
    openmedlm: Run, tune: Command, server: ModelServer
) -> None:
    """The budget ends while the better of tune is asked the questions that choose; untuned has answered them."""
    questions = load_split("mmlu", "dev", "sample")
    schedule, _ = split_dev(questions, 0, 0.5)
    stumbling = {question.question for question in schedule.questions[:1]}
    student = Student(questions, bare=1.0, taught=1.0)

    def reply(asked: Asked) -> Reply:
        bare = len(asked.prompt) == 2
        return Reply("Who knows?") if bare and any(stem in asked.question for stem in stumbling) else student(asked)

    server.reply = reply
    asked = ("--trials", "2", "--on-unparsed", "skip", "--max-calls", "20", "--json")
    result = openmedlm(*tune, *asked).json
    assert (result["label"], result["select"]["n"], result["complete"]) == ("zero-shot", 6, False)
    assert result["tune"]["correct"] == 5
