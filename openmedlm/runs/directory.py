"""Run directory: configuration, results, outcomes, questions and prompts of one run on disk."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from openmedlm.data import Question, UserError, question_from_record, write_questions
from openmedlm.metrics import Outcome
from openmedlm.programs.template import Prompt
from openmedlm.runs import schema_3
from openmedlm.runs.outcomes_table import read_outcomes, write_outcomes
from openmedlm.runs.prompts_table import Key, Prompts, write_prompts
from openmedlm.utils.atomic import atomically, write_atomically

SCHEMA_VERSION = 4

MANIFEST = "manifest.json"
TIMING = "timing.json"
OUTCOMES = "outcomes.parquet"
SECONDS = "seconds.parquet"
QUESTIONS = "questions.jsonl"
PROMPTS = "prompts.parquet"
TEXTS = "texts.parquet"
_FILES = (MANIFEST, OUTCOMES, SECONDS, QUESTIONS, PROMPTS, TEXTS, TIMING)


@dataclass(frozen=True)
class Run:
    """One run, as its directory keeps it.

    Attributes:
        directory: Path of the directory.
        config: Model, data, policy and programs; two runs with equal configurations are the same run.
        results: Metrics of each program, and the strategies that were skipped.
        outcomes: Outcomes of each program in the order of the questions, by the program's name.
        timing: Seconds and API calls of each program, and the number of test evaluations; differs between repetitions.
    """

    directory: Path
    config: Mapping[str, Any]
    results: Mapping[str, Any]
    outcomes: Mapping[str, Sequence[Outcome]]
    timing: Mapping[str, Any]


@dataclass(frozen=True)
class Sent:
    """Questions and prompts of one run.

    Attributes:
        questions: Questions in the order of the run.
        prompts: Prompt of every vote.
    """

    questions: Sequence[Question]
    prompts: Prompts


def read_run(directory: Path) -> Run:
    """Read a run of schema 3 or 4.

    Raises:
        UserError: The directory holds no run, a run of another schema, or a damaged file.
    """
    with _reading(directory):
        manifest, is_old = _read_manifest(directory / MANIFEST)
        config, rows = manifest["config"], manifest["results"]["runs"]
        programs = isinstance(config["programs"], dict) and config["programs"]
        if not programs or not isinstance(config["model"], str) or not isinstance(rows, list):
            raise UserError(
                f"no program or no model in {directory / MANIFEST}. Rerun the command with another --output directory."
            )
        timing = orjson.loads((directory / (schema_3.TIMING if is_old else TIMING)).read_bytes())
        outcomes = read_outcomes(
            pq.read_table(directory / OUTCOMES),
            pq.read_table(directory / SECONDS),
            schema_3.upgrade_outcome if is_old else None,
        )
        return Run(
            directory=directory,
            config=config,
            results=manifest["results"],
            outcomes={name: outcomes.get(name, []) for name in programs},
            timing=schema_3.upgrade_timing(timing) if is_old else timing,
        )


def read_sent(directory: Path) -> Sent:
    """Read the questions and the prompts of a run.

    Raises:
        UserError: See `read_run`.
    """
    with _reading(directory):
        prompts = Prompts.from_tables(pq.read_table(directory / PROMPTS), pq.read_table(directory / TEXTS))
        return Sent(read_questions(directory), prompts)


def read_questions(directory: Path) -> list[Question]:
    """Read the questions of a run, in their order.

    Raises:
        UserError: See `read_run`.
    """
    with _reading(directory):
        rows = (directory / QUESTIONS).read_bytes().splitlines()
        return [
            question_from_record(orjson.loads(row), f"{directory / QUESTIONS}:{number}")
            for number, row in enumerate(rows, start=1)
        ]


def check_free(directory: Path, config: Mapping[str, Any]) -> None:
    """Create the directory of a run, or refuse one that holds something else; called before any request is sent.

    Files of a run that was killed while it was written are overwritten.

    Raises:
        UserError: The directory cannot be created, or holds another run or other files.
    """
    file = directory / MANIFEST
    try:
        directory.mkdir(parents=True, exist_ok=True)
        known = {*_FILES, schema_3.TIMING}
        others = [path for path in directory.iterdir() if path.name not in known and path.suffix != ".tmp"]
    except OSError as error:
        raise UserError(f"{error.strerror} in {directory}. Choose another --output directory.") from error
    if others:
        raise UserError(f"{others[0].name} in {directory} is not part of a run. Choose another --output directory.")
    if not file.exists():
        return
    try:
        manifest = orjson.loads(file.read_bytes())
        written = manifest["config"] if "config" in manifest else schema_3.upgrade_config(manifest["asked"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UserError(f"{file} is not the manifest of a run. Choose another --output directory.") from error
    if written != orjson.loads(orjson.dumps(config)):
        raise UserError(f"{directory} holds another run. Choose another --output directory.")


def write_run(run: Run, questions: Iterable[Question], prompts: Iterable[tuple[Key, Prompt]] = ()) -> None:
    """Write a run; each file is written atomically, and the manifest, which makes the directory a run, comes last.

    Every file but `timing.json` and `seconds.parquet` depends only on the configuration and the completions, so the
    same run gives the same bytes.

    Args:
        run: Configuration, results, outcomes and timing.
        questions: Questions of the run, in their order.
        prompts: Prompt of every vote; read once and written as a stream.
    """
    directory = run.directory
    with atomically(directory / OUTCOMES) as outcomes, atomically(directory / SECONDS) as seconds:
        write_outcomes(run.outcomes, outcomes, seconds)
    with atomically(directory / PROMPTS) as sent, atomically(directory / TEXTS) as texts:
        write_prompts(prompts, sent, texts)
    write_questions(directory / QUESTIONS, questions)
    write_atomically(directory / TIMING, [_to_json(run.timing)])
    manifest = {"schema": SCHEMA_VERSION, "config": run.config, "results": run.results}
    write_atomically(directory / MANIFEST, [_to_json(manifest)])
    (directory / schema_3.TIMING).unlink(missing_ok=True)


def _read_manifest(file: Path) -> tuple[dict[str, Any], bool]:
    """Return the manifest in the names of the current schema, and whether the file has the old ones."""
    manifest = orjson.loads(file.read_bytes())
    schema = manifest.get("schema")
    if schema == SCHEMA_VERSION:
        return manifest, False
    if schema == schema_3.SCHEMA:
        return schema_3.upgrade_manifest(manifest), True
    raise UserError(
        f"unknown schema in {file}: {schema}; this release reads {schema_3.SCHEMA} and {SCHEMA_VERSION}. Rerun the "
        "command with another --output directory; cached completions are not requested again."
    )


@contextmanager
def _reading(directory: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        missing = next((name for name in _FILES if not (directory / name).exists()), "a file")
        raise UserError(
            f"no run in {directory}: {missing} is missing. Name a directory that evaluate, ladder or score wrote."
        ) from error
    except UserError:
        raise
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, pa.ArrowException) as error:
        raise UserError(
            f"damaged run in {directory}: {error!r}. Rerun the command with another --output directory."
        ) from error


def _to_json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
