"""MLflow tracking: parameters, scores, and programs as artefacts."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from mlflow import MlflowClient
from model_server import ModelServer
from student import Student

from openmedlm.data import load_split
from openmedlm.programs.frozen import load_program
from openmedlm.tracking.mlflow import Tracker, flatten

Run = Callable[..., Any]


@pytest.fixture
def uri(tmp_path: Path, server: ModelServer) -> str:
    server.reply = Student(load_split("mmlu", "dev", "sample"))
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def runs(uri: str, experiment: str = "openmedlm mmlu") -> dict[str, Any]:
    client = MlflowClient(tracking_uri=uri)
    stored = client.get_experiment_by_name(experiment)
    assert stored is not None
    return {run.info.run_name: run for run in client.search_runs([stored.experiment_id])}


def test_every_program_of_a_ladder_is_a_child_run(
    openmedlm: Run, hosted: tuple[str, ...], uri: str, tmp_path: Path
) -> None:
    ended = openmedlm("ladder", "--strategies", "zero-shot,few-shot", *hosted, "-o", "run", "--mlflow", uri, "--json")
    assert ended.code == 0, ended.err
    tracked = runs(uri)
    whole = tracked.pop("2 programs on dev")
    assert set(tracked) == {"zero-shot on dev", "few-shot on dev"}
    names = {item.path for item in MlflowClient(tracking_uri=uri).list_artifacts(whole.info.run_id, "run")}
    assert "run/outcomes.parquet" in names
    assert (tmp_path / "mlartifacts").is_dir()
    assert not Path("mlruns").exists()
    for result in ended.json["runs"]:
        run = tracked[f"{result['program']} on dev"]
        assert run.info.status == "FINISHED"
        assert run.data.params["strategy"] == result["program"]
        assert run.data.params["model"] == "hosted_vllm/small"
        for name in ("accuracy", "ci_low", "ci_high", "n", "correct", "calls", "prompt_tokens"):
            assert run.data.metrics[name] == pytest.approx(result[name])
        assert run.data.tags["mlflow.parentRunId"] == whole.info.run_id
        assert run.data.params["questions.n"] == "12"


def test_frozen_program_is_uploaded_whole(openmedlm: Run, hosted: tuple[str, ...], uri: str, tmp_path: Path) -> None:
    assert openmedlm("compile", "-s", "few-shot", *hosted, "-o", "p", "--mlflow", uri).code == 0
    tuned = openmedlm("tune", *hosted, "--trials", 3, "--block", 3, "-o", "tuned", "--mlflow", uri, "--json")
    assert tuned.code == 0, tuned.err
    tracked = runs(uri)
    assert tracked["tune"].data.params["strategy"] == tuned.json["configuration"]["strategy"]
    assert tracked["tune"].data.metrics["holdout.accuracy"] == pytest.approx(tuned.json["holdout"]["accuracy"])
    for name, folder in (("compile few-shot", "p"), ("tune", "program")):
        got = MlflowClient(tracking_uri=uri).download_artifacts(
            tracked[name].info.run_id, folder, str(tmp_path / "got")
        )
        own = tmp_path / ("p" if folder == "p" else "tuned/program")
        assert load_program(Path(got)).program.digest() == load_program(own).program.digest()


def test_mlflow_folder_gets_a_database_with_the_run(openmedlm: Run, hosted: tuple[str, ...], uri: str) -> None:
    for folder in ("kept", "file:kept", Path("kept").absolute().as_uri()):
        assert openmedlm("evaluate", "zero-shot", *hosted, "-o", "run", "--mlflow", folder).code == 0
    database = f"sqlite:///{Path('kept/mlflow.db').absolute()}"
    (run,) = runs(database).values()
    assert {item.path for item in MlflowClient(tracking_uri=database).list_artifacts(run.info.run_id)} == {"run"}


def test_databricks_uri_is_not_taken_for_a_folder(openmedlm: Run, hosted: tuple[str, ...], server: ModelServer) -> None:
    assert openmedlm("evaluate", "zero-shot", *hosted, "--mlflow", "databricks").code == 2
    assert not Path("databricks").exists()
    assert server.requests == []


def test_ctrl_c_while_recording_stays_a_keyboard_interrupt(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the server is gone")

    tracker = Tracker(uri)
    monkeypatch.setattr(MlflowClient, "log_batch", interrupt)
    monkeypatch.setattr(MlflowClient, "set_terminated", fail)
    with pytest.raises(KeyboardInterrupt):
        tracker.record("openmedlm mmlu", "x", {"a": 1}, {})


def test_failed_upload_keeps_the_printed_results(
    openmedlm: Run, hosted: tuple[str, ...], uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(MlflowClient, "log_artifacts", fail)
    ended = openmedlm("evaluate", "zero-shot", *hosted, "-o", "run", "--mlflow", uri, "--json")
    assert ended.code == 2
    assert "the disk is full" in ended.err
    assert ended.json["runs"][0]["n"] == 12
    assert [run.info.status for run in runs(uri).values()] == ["FAILED"]


def test_flattened_names_are_valid_and_unique(uri: str) -> None:
    subjects = ("Obstetrics // Gynaecology", "a/../b", "a&b", "a+b", "..", "", "x" * 300, "x" * 300 + "y", "Хирургия")
    parameters = dict(flatten({"subject": dict(enumerate(subjects))}))
    scores = {"by_subject": {name: {"n": number} for number, name in enumerate(subjects)}}
    Tracker(uri).record("openmedlm mmlu", "named", parameters, scores)
    (run,) = runs(uri).values()
    assert sorted(run.data.metrics.values()) == list(range(len(subjects)))
    assert list(run.data.params) == [f"subject.{number}" for number in range(len(subjects))]


def test_password_of_a_server_is_not_printed(openmedlm: Run, hosted: tuple[str, ...], uri: str) -> None:
    with tracking_server() as address:
        with_password = address.replace("//", "//me:secret@")
        ended = openmedlm("evaluate", "zero-shot", *hosted, "--mlflow", with_password, "--json")
    assert ended.code == 0, ended.err
    assert "secret" not in ended.out + ended.err
    assert ended.json["runs"][0]["n"] == 12


@contextlib.contextmanager
def tracking_server() -> Iterator[str]:
    """Run a server that confirms every request of MLflow; the test checks only our output."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            experiment = {"experiment_id": "1", "name": "openmedlm mmlu", "lifecycle_stage": "active"}
            info = {
                "run_id": "r",
                "run_uuid": "r",
                "experiment_id": "1",
                "status": "RUNNING",
                "lifecycle_stage": "active",
            }
            run = {"info": info, "data": {}}
            body = orjson.dumps({"experiments": [experiment], "experiment": experiment, "run": run, "run_info": info})
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:9", "nonsense://x", "http://u:secret@127.0.0.1:9", "", "/dev/null/x"]
)
def test_unusable_mlflow_uri_is_refused_before_any_request(
    uri: str, openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    ended = openmedlm("evaluate", "zero-shot", *hosted, "--mlflow", uri)
    assert (ended.code, ended.out) == (2, "")
    assert "--mlflow" in ended.err
    assert "secret" not in ended.err
    assert server.requests == []
