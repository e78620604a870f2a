from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from model_server import ModelServer

Run = Callable[..., Any]


@pytest.mark.parametrize("strategy", ["few-shot-cot", "knn-cot", "ensemble"])
def test_frozen_program_sends_the_requests_of_its_strategy(
    strategy: str, openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    openmedlm("compile", "-s", strategy, *hosted, "--no-score", "-o", "p")
    (run,) = openmedlm("evaluate", "p", *hosted, "--json").json["runs"]
    frozen = sorted(asked.identity for asked in server.requests)
    (again,) = openmedlm("evaluate", strategy, *hosted, "--json").json["runs"]
    assert len(frozen) >= 12
    assert sorted(asked.identity for asked in server.requests) == frozen
    assert run.pop("program") == "p"
    assert again.pop("program") == strategy
    assert {**run, "seconds": 0} == {**again, "seconds": 0}


def test_manifest_describes_frozen_programs_in_order(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    openmedlm("compile", "-s", "cot", *hosted, "--no-score", "-o", "one")
    openmedlm("compile", "-s", "knn-few-shot", *hosted, "--no-score", "-o", "two")
    assert openmedlm("evaluate", "two", "zero-shot", "one", *hosted, "-o", "run").code == 0
    manifest = orjson.loads(Path("run/manifest.json").read_bytes())
    assert [run["program"] for run in manifest["results"]["runs"]] == ["two", "zero-shot", "one"]
    assert manifest["config"]["programs"]["two"]["strategy"] == "knn-few-shot"


def test_evaluate_without_model_uses_the_programs_model(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    openmedlm("compile", "-s", "cot", *hosted, "--no-score", "-o", "p")
    ended = openmedlm("evaluate", "p", *hosted[2:], "--json")
    assert (ended.code, ended.json["model"]) == (0, "hosted_vllm/small")


def test_evaluate_programs_of_two_models_needs_a_model(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    openmedlm("compile", "-s", "cot", *hosted, "--no-score", "-o", "one")
    openmedlm("compile", "-s", "cot", "-m", "hosted_vllm/other", *hosted[2:], "--no-score", "-o", "two")
    ended = openmedlm("evaluate", "one", "two", *hosted[2:])
    assert ended.code == 2
    assert "--model" in ended.err
    assert openmedlm("evaluate", "one", "two", *hosted).code == 0


def test_evaluate_frozen_program_refuses_program_options(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    openmedlm("compile", "-s", "cot", *hosted, "--no-score", "-o", "p")
    ended = openmedlm("evaluate", "p", *hosted, "-k", 3)
    assert ended.code == 2
    assert "fixes its k" in ended.err
    assert not server.requests


def test_evaluate_directory_without_program_is_one_line(openmedlm: Run, hosted: tuple[str, ...]) -> None:
    Path("empty").mkdir()
    for name in ("empty", "no/where"):
        ended = openmedlm("evaluate", name, *hosted)
        assert ended.code == 2
        assert "no frozen program" in ended.err
        assert len(ended.err.strip().splitlines()) == 1


def test_evaluate_strategy_without_model_names_the_option(openmedlm: Run, server: ModelServer) -> None:
    ended = openmedlm("evaluate", "cot", "-b", "mmlu", "--data-dir", "sample")
    assert ended.code == 2
    assert "--model" in ended.err


def test_ask_frozen_program_answers_one_question(openmedlm: Run, hosted: tuple[str, ...], server: ModelServer) -> None:
    openmedlm("compile", "-s", "ensemble", *hosted, "--no-score", "-o", "p")
    question = ("-q", "Which organ pumps?", "--option", "Heart", "--option", "Liver", "--option", "Skin")
    ended = openmedlm("ask", "p", *hosted[:4], *question, "--json")
    assert ended.code == 0
    assert ended.json["answer"] in "ABC"
    assert len(ended.json["exemplars"]) == 5
    assert 3 <= len(ended.json["votes"]) <= 5


@pytest.mark.parametrize("option", [("--seed", 5), ("--teacher", "nonsense"), ("--pool", "medqa")])
def test_evaluate_frozen_program_refuses_data_options(
    option: tuple[object, ...], openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    openmedlm("compile", "-s", "cot", *hosted, "--no-score", "-o", "p")
    ended = openmedlm("evaluate", "p", *hosted, *option)
    assert ended.code == 2
    assert "teacher and seed" in ended.err


def test_evaluate_with_unwritable_vector_cache_succeeds(
    openmedlm: Run, hosted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    openmedlm("compile", "-s", "knn-few-shot", *hosted, "--no-score", "-o", "p")
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    ended = openmedlm("verify", "p", "--json")
    assert (ended.code, ended.json["ok"]) == (0, True)
    ended = openmedlm("evaluate", "p", *hosted, "--limit", 2)
    assert ended.code == 0
    assert "/proc/nowhere" in caplog.text


def test_evaluate_name_too_long_for_a_path_is_one_line(openmedlm: Run, hosted: tuple[str, ...]) -> None:
    ended = openmedlm("evaluate", "x" * 300, *hosted)
    assert ended.code == 2
    assert len(ended.err.strip().splitlines()) == 1
