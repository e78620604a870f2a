"""Runs, parameters, scores and frozen programs in an MLflow server or database."""

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
from openmedlm.utils.urls import database_file, scrubbed, shown_url

LONGEST_PARAMETER = 6_000
LONGEST_NAME = 250
"""Characters that MLflow takes."""

LARGEST_BATCH = 100
"""Parameters in one request, at most."""

REACHED_WITHIN = 10.0
"""Seconds."""

_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306}
_NOT_IN_NAMES = re.compile(r"[^\w. -]+")


class Tracker:
    """An MLflow tracking server or database.

    Args:
        uri: as MLflow takes it, or a folder, which gets a database.

    Raises:
        UserError: MLflow is not installed, or the place can't be used.
    """

    def __init__(self, uri: str) -> None:
        if not uri.strip():
            raise UserError("--mlflow: names no place; write the address of a server, sqlite:///FILE or a folder")
        self._uri = _database_in(uri) if _is_folder(uri) else uri
        # MLflow prints the address of each run, with the password, where our output goes; and asks for minutes.
        os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        try:
            from mlflow import MlflowClient
        except ImportError:
            raise UserError("--mlflow: MLflow is not installed; pip install 'openmedlm[mlflow]'") from None
        with self._telling():
            _check(self._uri)
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
        """Writes one run down; its id.

        Args:
            experiment: made where it is new.
            name: of the run.
            parameters: what was decided; nested mappings are flattened, with a dot between the names.
            results: numbers among them are kept as metrics, the same way.
            artefacts: directories that are kept whole, each under its own name.
            parent: the run that it is a part of.

        Raises:
            UserError: it can't be written.
        """
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1_000)
        decided = [Param(key, str(value)[:LONGEST_PARAMETER]) for key, value in flat(parameters)]
        scored = [
            Metric(key, float(value), now, 0)
            for key, value in flat(results)
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        ]
        client = self._client
        tags = {"openmedlm": version("openmedlm"), "note": "For benchmarking language models; not medical advice."}
        if parent is not None:
            tags["mlflow.parentRunId"] = parent
        with self._telling():
            run = client.create_run(self._experiment(experiment), run_name=name, tags=tags).info.run_id
            try:
                for start in range(0, len(decided), LARGEST_BATCH):
                    client.log_batch(run, params=decided[start : start + LARGEST_BATCH])
                for start in range(0, len(scored), LARGEST_BATCH):
                    client.log_batch(run, metrics=scored[start : start + LARGEST_BATCH])
                for directory in artefacts:
                    client.log_artifacts(run, str(directory), artifact_path=directory.absolute().name)
                client.set_terminated(run)
            except BaseException:
                with suppress(Exception):
                    client.set_terminated(run, "FAILED")
                raise
        return str(run)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        file = database_file(self._uri)  # beside which artefacts lie, and not in the working directory
        location = None if file is None else Path(file).with_name("mlartifacts").as_uri()
        return str(self._client.create_experiment(name, artifact_location=location))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Tells in one line what goes wrong; what lies below raises errors of half a dozen libraries."""
        try:
            yield
        except Exception as error:
            said = scrubbed(str(error), self._uri)[:300]
            raise UserError(
                f"--mlflow {shown_url(self._uri)}: {said}; what was bought is kept, and the same command goes on"
            ) from error


def _is_folder(uri: str) -> bool:
    return uri.startswith("file:") or not ("://" in uri or uri.partition("-")[0] == "databricks")


def _database_in(folder: str) -> str:
    """MLflow takes no folders any more."""
    place = Path(re.sub("^file:(//(?=/))?", "", folder)).absolute()
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--mlflow {folder}: {error.strerror}; name another folder") from error
    return f"sqlite:///{place / 'mlflow.db'}"


def _check(uri: str) -> None:
    """Whether somebody listens there; MLflow itself takes minutes to find out.

    Raises:
        OSError: nobody does.
    """
    parts = urlsplit(uri)
    port = parts.port or _PORTS.get(parts.scheme.partition("+")[0])
    if parts.hostname and port and not (parts.scheme.startswith("http") and getproxies()):
        socket.create_connection((parts.hostname, port), REACHED_WITHIN).close()


def track_runs(tracker: Tracker, plan: Plan, report: Report, directory: Path | None) -> None:
    """Writes each program of a run down, with its frozen form where it has one; several are parts of a run of their
    own, which has the run's directory."""
    experiment, asked = _experiment(plan.benchmark), _asked(plan)
    whole = [directory] if directory is not None else []
    parent = None
    if len(report.results) > 1:
        parent = tracker.record(experiment, f"{len(report.results)} programs on {plan.split}", asked, {}, whole)
        whole = []
    for result in report.results:
        frozen = [Path(result.program)] if is_frozen(Path(result.program)) else []
        parameters = described(plan.programs[result.program]) | asked
        name = f"{result.program} on {plan.split}"
        tracker.record(experiment, name, parameters, result.summary.as_json(), [*frozen, *whole], parent)


def track_program(tracker: Tracker, plan: Plan, name: str, summary: Summary | None, directory: Path) -> None:
    """Writes a compiled program down."""
    results = summary.as_json() if summary is not None else {}
    parameters = described(plan.programs[name]) | _asked(plan)
    tracker.record(_experiment(plan.benchmark), f"compile {name}", parameters, results, [directory])


def track_study(tracker: Tracker, result: TuningResult) -> None:
    """Writes a study's winner down."""
    told = result.as_json()
    parameters = {"model": result.model, "trials": dict(result.trials), **told["configuration"]}
    scores = {name: told[name] for name in ("search_set", "holdout", "baseline", "test", "vs_baseline", "importances")}
    spent = {name: told[name] for name in ("calls", "prompt_tokens", "completion_tokens", "cost_usd", "seconds")}
    scores = {name: value for name, value in scores.items() if value is not None}
    tracker.record(
        _experiment(result.benchmark), "tune", parameters, scores | spent, list(map(Path, result.directories))
    )


def _asked(plan: Plan) -> dict[str, Any]:
    """Which questions of what, and whom."""
    return {
        "model": plan.calls.endpoint.model,
        "benchmark": plan.benchmark,
        "split": plan.split,
        "source": plan.source,
        "questions": {"n": len(plan.questions), "sha256": fingerprint(plan.questions)},
        "teacher": plan.teacher,
    }


def described(program: PromptProgram) -> dict[str, Any]:
    """What a program decides, without the texts of its template and exemplars."""
    told = {**program.describe(), "template": program.template.name, "digest": program.digest()}
    exemplars = dict(program.exemplars.describe())
    exemplars.pop("ids", None)
    return {**told, "exemplars": exemplars}


def _experiment(benchmark: str) -> str:
    return f"openmedlm {benchmark}"


def flat(nested: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings under dotted names that MLflow takes, no two the same; None and lists of mappings
    are left out."""
    given: set[str] = set()
    for path, value in _leaves(nested):
        name = ".".join(_NOT_IN_NAMES.sub("_", each) for each in path)
        if len(name) > LONGEST_NAME or name in given:
            name = f"{name[: LONGEST_NAME - 9]}_{hashlib.sha256(repr(path).encode()).hexdigest()[:8]}"
        given.add(name)
        yield name, value


def _leaves(nested: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in nested.items():
        path = (*above, str(name))
        if isinstance(value, Mapping):
            yield from _leaves(value, path)
        elif value is not None and not (_many(value) and any(isinstance(each, Mapping) for each in value)):
            yield path, value


def _many(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str)
