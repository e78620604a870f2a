"""Results in MLflow: parameters, scores, and programs as artefacts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from model_server import ModelServer
from student import Student

from data import load_split
from programs.frozen import load_program

Run = Callable[..., Any]


@pytest.fixture
def uri(tmp_path: Path, server: ModelServer) -> str:
    server.reply = Student(load_split("mmlu", "dev", "sample"))
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def runs(uri: str, experiment: str = "openmedlm mmlu") -> dict[str, Any]:
    client = MlflowClient(tracking_uri=uri)
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    return {run.info.run_name: run for run in client.search_runs([found.experiment_id])}


def test_each_program_of_a_ladder_is_a_run(openmedlm: Run, hosted: tuple[str, ...], uri: str) -> None:
    ended = openmedlm("ladder", "--strategies", "zero-shot,few-shot", *hosted, "-o", "run", "--mlflow", uri, "--json")
    assert ended.code == 0, ended.err
    kept = runs(uri)
    assert set(kept) == {"zero-shot on dev", "few-shot on dev"}
    for result in ended.json["runs"]:
        run = kept[f"{result['program']} on dev"]
        assert run.info.status == "FINISHED"
        assert run.data.params["strategy"] == result["program"]
        assert run.data.params["model"] == "hosted_vllm/small"
        for name in ("accuracy", "ci_low", "ci_high", "n", "correct", "calls", "prompt_tokens"):
            assert run.data.metrics[name] == pytest.approx(result[name])
        names = {item.path for item in MlflowClient(tracking_uri=uri).list_artifacts(run.info.run_id, "run")}
        assert "run/outcomes.parquet" in names


def test_frozen_programs_are_kept_whole(openmedlm: Run, hosted: tuple[str, ...], uri: str, tmp_path: Path) -> None:
    assert openmedlm("compile", "-s", "few-shot", *hosted, "-o", "p", "--mlflow", uri).code == 0
    tuned = openmedlm("tune", *hosted, "--trials", 3, "--block", 3, "-o", "tuned", "--mlflow", uri, "--json")
    assert tuned.code == 0, tuned.err
    kept = runs(uri)
    assert kept["tune"].data.params["strategy"] == tuned.json["configuration"]["strategy"]
    assert kept["tune"].data.metrics["select.accuracy"] == pytest.approx(tuned.json["select"]["accuracy"])
    for name, folder in (("compile few-shot", "p"), ("tune", "program")):
        got = MlflowClient(tracking_uri=uri).download_artifacts(kept[name].info.run_id, folder, str(tmp_path / "got"))
        own = tmp_path / ("p" if folder == "p" else "tuned/program")
        assert load_program(Path(got)).program.digest() == load_program(own).program.digest()


@pytest.mark.parametrize("place", ["http://127.0.0.1:9", "nonsense://x", "http://u:secret@127.0.0.1:9"])
def test_a_place_that_can_not_be_used_is_refused_before_anything_is_spent(
    place: str, openmedlm: Run, hosted: tuple[str, ...], server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    ended = openmedlm("evaluate", "zero-shot", *hosted, "--mlflow", place)
    assert (ended.code, ended.out) == (2, "")
    assert "--mlflow" in ended.err
    assert "secret" not in ended.err
    assert server.requests == []
