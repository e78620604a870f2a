"""Runs, parameters, scores and frozen programs in an MLflow server or folder."""

import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from data import BadInput
from data.database_url import scrubbed, shown_url
from metrics import Summary
from openmedlm.planning import Plan
from openmedlm.running import Report
from openmedlm.tuning.result import TuningResult
from programs import PromptProgram
from programs.frozen import is_frozen

LONGEST_PARAMETER = 6_000
"""Characters that MLflow takes."""

LARGEST_BATCH = 100
"""Parameters in one request, at most."""

_NOT_IN_NAMES = re.compile(r"[^\w./ -]+")


class Tracker:
    """An MLflow tracking server, database or folder.

    Args:
        uri: as MLflow takes it.

    Raises:
        BadInput: MLflow is not installed, or the place can't be used.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        try:
            from mlflow import MlflowClient
            from mlflow.exceptions import MlflowException
        except ImportError:
            raise BadInput("--mlflow: MLflow is not installed; pip install 'openmedlm[mlflow]'") from None
        self._failures = (MlflowException, OSError)
        try:
            self._client = MlflowClient(tracking_uri=uri)
            self._client.search_experiments(max_results=1)
        except Exception as error:  # what lies below raises errors of half a dozen libraries, without a common base
            raise self._told(error) from error

    def record(
        self,
        experiment: str,
        name: str,
        parameters: Mapping[str, Any],
        results: Mapping[str, Any],
        artefacts: Sequence[Path] = (),
    ) -> str:
        """Writes one run down; its id.

        Args:
            experiment: made where it is new.
            name: of the run.
            parameters: what was decided; nested mappings are flattened, with a dot between the names.
            results: numbers among them are kept as metrics, the same way.
            artefacts: directories that are kept whole, each under its own name.

        Raises:
            BadInput: it can't be written.
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
        try:
            found = client.get_experiment_by_name(experiment)
            number = client.create_experiment(experiment) if found is None else found.experiment_id
            tags = {"openmedlm": version("openmedlm"), "note": "For benchmarking language models; not medical advice."}
            run = client.create_run(number, run_name=name, tags=tags).info.run_id
            for start in range(0, len(decided), LARGEST_BATCH):
                client.log_batch(run, params=decided[start : start + LARGEST_BATCH])
            for start in range(0, len(scored), LARGEST_BATCH):
                client.log_batch(run, metrics=scored[start : start + LARGEST_BATCH])
            for directory in artefacts:
                client.log_artifacts(run, str(directory), artifact_path=directory.name)
            client.set_terminated(run)
        except self._failures as error:
            raise self._told(error) from error
        return str(run)

    def _told(self, error: Exception) -> BadInput:
        said = scrubbed(str(error), self._uri)[:300]
        return BadInput(
            f"--mlflow {shown_url(self._uri)}: {said}; what was bought is kept, and the same command goes on"
        )


def track_runs(tracker: Tracker, plan: Plan, report: Report, directory: Path | None) -> None:
    """Writes each program of a run down, with its frozen form where it has one, and the run's directory."""
    for result in report.results:
        program = plan.programs[result.program]
        frozen = [Path(result.program)] if is_frozen(Path(result.program)) else []
        run = [directory] if directory is not None else []
        parameters = described(program) | {"model": plan.endpoint.model, "split": plan.split, "teacher": plan.teacher}
        name = f"{result.program} on {plan.split}"
        tracker.record(_experiment(plan.benchmark), name, parameters, result.summary.as_json(), [*frozen, *run])


def track_program(tracker: Tracker, plan: Plan, name: str, summary: Summary | None, directory: Path) -> None:
    """Writes a compiled program down."""
    results = summary.as_json() if summary is not None else {}
    parameters = described(plan.programs[name]) | {"model": plan.endpoint.model, "teacher": plan.teacher}
    tracker.record(_experiment(plan.benchmark), f"compile {name}", parameters, results, [directory])


def track_study(tracker: Tracker, result: TuningResult) -> None:
    """Writes a study's winner down."""
    told = result.as_json()
    parameters = {"model": result.model, "trials": dict(result.trials), **told["configuration"]}
    scores = {name: told[name] for name in ("tune", "select", "untuned", "test", "against_untuned", "importances")}
    spent = {name: told[name] for name in ("calls", "prompt_tokens", "completion_tokens", "cost_usd", "seconds")}
    scores = {name: value for name, value in scores.items() if value is not None}
    tracker.record(
        _experiment(result.benchmark), "tune", parameters, scores | spent, list(map(Path, result.directories))
    )


def described(program: PromptProgram) -> dict[str, Any]:
    """What a program decides, without the texts of its template and exemplars."""
    told = {**program.describe(), "template": program.template.name, "digest": program.digest()}
    exemplars = dict(program.exemplars.describe())
    exemplars.pop("ids", None)
    return {**told, "exemplars": exemplars}


def _experiment(benchmark: str) -> str:
    return f"openmedlm {benchmark}"


def flat(nested: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings under dotted names that MLflow takes; None and lists of mappings are left out."""
    for name, value in nested.items():
        key = f"{above}{_NOT_IN_NAMES.sub('_', str(name))}"
        if isinstance(value, Mapping):
            yield from flat(value, f"{key}.")
        elif value is not None and not (_many(value) and any(isinstance(each, Mapping) for each in value)):
            yield key, value


def _many(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str)
