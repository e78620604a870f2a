"""MLflow tracking of runs, parameters, scores and frozen programs."""

import hashlib
import math
import os
import re
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from openmedlm.data import UserError, fingerprint
from openmedlm.metrics import Summary
from openmedlm.programs import PromptProgram
from openmedlm.programs.frozen import is_frozen
from openmedlm.runs.execute import Report
from openmedlm.runs.plan import Plan
from openmedlm.tuning.result import TuningResult
from openmedlm.utils.errors import install_command
from openmedlm.utils.urls import database_file, scrubbed, shown_url

MAX_VALUE_CHARACTERS = 6_000
"""MLflow's limit for the value of a parameter."""

MAX_NAME_CHARACTERS = 250
"""MLflow's limit for the name of a parameter or metric."""

BATCH_ITEMS = 100
"""MLflow's limit of parameters per request, also used for metrics."""

CONNECT_SECONDS = 10.0
"""Time limit of the connection test."""

_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306}
_INVALID_CHARACTERS = re.compile(r"[^\w. -]+")


class Tracker:
    """Client of an MLflow tracking server or database.

    Args:
        uri: Tracking URI of MLflow, or a folder, in which a SQLite database is created.

    Raises:
        UserError: MLflow is not installed, or the server, database or folder is not usable.
    """

    def __init__(self, uri: str) -> None:
        if not uri.strip():
            raise UserError("empty value of --mlflow. Give a server URL, sqlite:///FILE or a folder.")
        self._uri = _create_database(uri) if _is_folder(uri) else uri
        # By default MLflow prints the address of each run, password included, on stdout, and retries for minutes.
        os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        try:
            from mlflow import MlflowClient
        except ImportError:
            raise UserError(f"no MLflow for --mlflow. Install it: {install_command('mlflow')}.") from None
        with self._as_user_error():
            _check_connection(self._uri)
            self._client = MlflowClient(tracking_uri=self._uri)
            self._client.search_experiments(max_results=1)

    def record(
        self,
        experiment: str,
        name: str,
        parameters: Mapping[str, Any],
        results: Mapping[str, Any],
        artefacts: Sequence[Path] = (),
        parent: str | None = None,
    ) -> str:
        """Log one run and return its id.

        Args:
            experiment: Name of the experiment, which is created if it does not exist.
            name: Name of the run.
            parameters: Settings of the run; nested mappings are flattened to dotted names.
            results: Results of the run, flattened likewise; its finite numbers become metrics.
            artefacts: Directories to upload, each under its own name.
            parent: Id of the parent run; None for none.

        Raises:
            UserError: MLflow refuses the run or is unreachable.
        """
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1_000)
        params = [Param(key, str(value)[:MAX_VALUE_CHARACTERS]) for key, value in flatten(parameters)]
        metrics = [
            Metric(key, float(value), now, 0)
            for key, value in flatten(results)
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        ]
        client = self._client
        tags = {"openmedlm": version("openmedlm"), "note": "For benchmarking language models; not medical advice."}
        if parent is not None:
            tags["mlflow.parentRunId"] = parent
        with self._as_user_error():
            run = client.create_run(self._experiment(experiment), run_name=name, tags=tags).info.run_id
            try:
                for start in range(0, len(params), BATCH_ITEMS):
                    client.log_batch(run, params=params[start : start + BATCH_ITEMS])
                for start in range(0, len(metrics), BATCH_ITEMS):
                    client.log_batch(run, metrics=metrics[start : start + BATCH_ITEMS])
                for directory in artefacts:
                    client.log_artifacts(run, str(directory), artifact_path=directory.absolute().name)
                client.set_terminated(run)
            except BaseException:
                with suppress(Exception):
                    client.set_terminated(run, "FAILED")
                raise
        return str(run)

    def _experiment(self, name: str) -> str:
        """Return the id of an experiment; create it if it does not exist."""
        experiment = self._client.get_experiment_by_name(name)
        if experiment is not None:
            return str(experiment.experiment_id)
        file = database_file(self._uri)  # artefacts go beside it; MLflow's default is the working directory
        location = None if file is None else Path(file).with_name("mlartifacts").as_uri()
        return str(self._client.create_experiment(name, artifact_location=location))

    @contextmanager
    def _as_user_error(self) -> Iterator[None]:
        """Raise every failure as `UserError`, since MLflow raises errors of many libraries."""
        try:
            yield
        except Exception as error:
            reason = scrubbed(str(error), self._uri)[:300]
            raise UserError(
                f"cannot use --mlflow {shown_url(self._uri)}: {reason}. All completions are saved; fix this and "
                "rerun the command."
            ) from error


def _is_folder(uri: str) -> bool:
    return uri.startswith("file:") or not ("://" in uri or uri.partition("-")[0] == "databricks")


def _create_database(folder: str) -> str:
    """Create a folder and return the URI of a database in it, since MLflow no longer supports folders."""
    path = Path(re.sub("^file:(//(?=/))?", "", folder)).absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot create the folder of --mlflow: {folder} ({error.strerror}). Name another folder."
        ) from error
    return f"sqlite:///{path / 'mlflow.db'}"


def _check_connection(uri: str) -> None:
    """Connect to the server of a URI once; MLflow itself takes minutes to fail.

    Raises:
        OSError: No server accepts connections there.
    """
    parts = urlsplit(uri)
    port = parts.port or _PORTS.get(parts.scheme.partition("+")[0])
    if parts.hostname and port and not (parts.scheme.startswith("http") and getproxies()):
        socket.create_connection((parts.hostname, port), CONNECT_SECONDS).close()


def track_runs(tracker: Tracker, plan: Plan, report: Report, directory: Path | None) -> None:
    """Log each program of a run, with its frozen directory if it has one.

    Several programs become child runs of one parent run, which then holds the run directory.
    """
    experiment, questions = _experiment(plan.benchmark), _question_parameters(plan)
    run_artefacts = [directory] if directory is not None else []
    parent = None
    if len(report.results) > 1:
        name = f"{len(report.results)} programs on {plan.split}"
        parent = tracker.record(experiment, name, questions, {}, run_artefacts)
        run_artefacts = []
    for result in report.results:
        frozen = [Path(result.program)] if is_frozen(Path(result.program)) else []
        parameters = program_parameters(plan.programs[result.program]) | questions
        name = f"{result.program} on {plan.split}"
        tracker.record(experiment, name, parameters, result.summary.as_json(), [*frozen, *run_artefacts], parent)


def track_program(tracker: Tracker, plan: Plan, name: str, summary: Summary | None, directory: Path) -> None:
    """Log a compiled program, with its dev scores if it was scored."""
    results = summary.as_json() if summary is not None else {}
    parameters = program_parameters(plan.programs[name]) | _question_parameters(plan)
    tracker.record(_experiment(plan.benchmark), f"compile {name}", parameters, results, [directory])


def track_study(tracker: Tracker, result: TuningResult) -> None:
    """Log the winner of a study."""
    values = result.as_json()
    parameters = {"model": result.model, "trials": dict(result.trials), **values["configuration"]}
    names = ("search_set", "holdout", "baseline", "test", "vs_baseline", "importances")
    scores = {name: values[name] for name in names}
    usage = {name: values[name] for name in ("calls", "prompt_tokens", "completion_tokens", "cost_usd", "seconds")}
    scores = {name: value for name, value in scores.items() if value is not None}
    tracker.record(
        _experiment(result.benchmark), "tune", parameters, scores | usage, list(map(Path, result.directories))
    )


def _question_parameters(plan: Plan) -> dict[str, Any]:
    """Return model, questions and teacher of a plan as parameters."""
    return {
        "model": plan.calls.endpoint.model,
        "benchmark": plan.benchmark,
        "split": plan.split,
        "source": plan.source,
        "questions": {"n": len(plan.questions), "sha256": fingerprint(plan.questions)},
        "teacher": plan.pool.teacher,
    }


def program_parameters(program: PromptProgram) -> dict[str, Any]:
    """Return the settings of a program, without the texts of its template and exemplars."""
    settings = {**program.describe(), "template": program.template.name, "digest": program.digest()}
    exemplars = dict(program.exemplars.describe())
    exemplars.pop("ids", None)
    return {**settings, "exemplars": exemplars}


def _experiment(benchmark: str) -> str:
    return f"openmedlm {benchmark}"


def flatten(nested: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested mappings under unique dotted names that MLflow accepts.

    None and lists of mappings are left out.

    Example:
        >>> list(flatten({"score": {"n": 3, "low": None}}))
        [('score.n', 3)]
    """
    used: set[str] = set()
    for path, value in _leaves(nested):
        name = ".".join(_INVALID_CHARACTERS.sub("_", key) for key in path)
        if len(name) > MAX_NAME_CHARACTERS or name in used:
            name = f"{name[: MAX_NAME_CHARACTERS - 9]}_{hashlib.sha256(repr(path).encode()).hexdigest()[:8]}"
        used.add(name)
        yield name, value


def _leaves(nested: Mapping[str, Any], parents: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in nested.items():
        path = (*parents, str(name))
        if isinstance(value, Mapping):
            yield from _leaves(value, path)
        elif value is not None and not (_is_list(value) and any(isinstance(each, Mapping) for each in value)):
            yield path, value


def _is_list(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str)
