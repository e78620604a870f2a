"""All strategies on a real model: the smallest local one, at its real endpoint."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from openmedlm.optimizers import STRATEGIES


@pytest.mark.usefixtures("smollm")
def test_real_model_runs_all_strategies_and_resumes(openmedlm: Callable, tmp_path: Path) -> None:
    options = (
        *("ladder", "-b", "mmlu", "-m", "local/smollm2-135m", "--data-dir", "sample"),
        *("--limit", 2, "-k", 1, "--votes", 3, "--max-completion-tokens", 24, "--json"),
    )
    first = openmedlm(*options, "-o", tmp_path / "first")
    assert first.code == 0, first.err
    runs = {run["program"]: run for run in first.json["runs"]}
    assert list(runs) == list(STRATEGIES)
    for run in runs.values():
        assert run["n"] == 2
        assert run["unanswered"] == run["errors"] == 0
        assert run["completion_tokens"] > 0
        assert run["cost_usd"] == 0
    assert runs["few-shot"]["prompt_tokens"] > runs["zero-shot"]["prompt_tokens"]
    assert 4 <= runs["ensemble"]["calls"] - runs["ensemble"]["constrained"] <= 6

    again = openmedlm(*options, "-o", tmp_path / "again")
    assert [run["correct"] for run in again.json["runs"]] == [run["correct"] for run in runs.values()]
    timing = orjson.loads((tmp_path / "again" / "timing.json").read_bytes())
    assert {program["api_calls"] for program in timing["programs"].values()} == {0}


@pytest.mark.usefixtures("smollm")
def test_truncated_answer_is_constrained_and_counted(openmedlm: Callable) -> None:
    ended = openmedlm(
        *("evaluate", "cot", "-b", "medqa", "-m", "local/smollm2-135m", "--data-dir", "sample"),
        *("--limit", 2, "--max-completion-tokens", 4, "--template", "plain", "--json"),
    )
    (run,) = ended.json["runs"]
    assert (run["unanswered"], run["constrained"], run["truncated"], run["calls"]) == (0, 2, 2, 4)
