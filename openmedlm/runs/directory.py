"""A run on disk: what was asked for, and what became of every question."""

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
from openmedlm.runs.outcomes_table import read_outcomes, write_outcomes
from openmedlm.runs.prompts_table import Key, Prompts, write_prompts
from openmedlm.utils.atomic import atomically, write_atomically

SCHEMA_VERSION = 3

MANIFEST = "manifest.json"
CIRCUMSTANCES = "circumstances.json"
OUTCOMES = "outcomes.parquet"
SECONDS = "seconds.parquet"
QUESTIONS = "questions.jsonl"
PROMPTS = "prompts.parquet"
TEXTS = "texts.parquet"
_FILES = (MANIFEST, OUTCOMES, SECONDS, QUESTIONS, PROMPTS, TEXTS, CIRCUMSTANCES)


@dataclass(frozen=True)
class Run:
    """A run as it stands on disk.

    Attributes:
        directory: where.
        asked: model, data, programs: what it is of.
        results: what it came to.
        outcomes: those of each program, by its name.
        circumstances: what differs from time to time.
    """

    directory: Path
    asked: Mapping[str, Any]
    results: Mapping[str, Any]
    outcomes: Mapping[str, Sequence[Outcome]]
    circumstances: Mapping[str, Any]


@dataclass(frozen=True)
class Sent:
    """What a run asked.

    Attributes:
        questions: in their order.
        prompts: of each vote that was bought.
    """

    questions: Sequence[Question]
    prompts: Prompts


def read_run(directory: Path) -> Run:
    """The run that `write_run` wrote there.

    Raises:
        UserError: none is there, it was written by another release, or a file of it can't be read.
    """
    with _reading(directory):
        manifest = orjson.loads((directory / MANIFEST).read_bytes())
        if manifest.get("schema") != SCHEMA_VERSION:
            raise UserError(
                f"{directory / MANIFEST}: schema {manifest.get('schema')}, and this release reads {SCHEMA_VERSION}; "
                "run the command again with another -o, which buys nothing anew"
            )
        asked, rows = manifest["asked"], manifest["results"]["runs"]
        programs = isinstance(asked["programs"], dict) and asked["programs"]
        if not programs or not isinstance(asked["model"], str) or not isinstance(rows, list):
            raise UserError(
                f"{directory / MANIFEST}: names no program, or no model; run the command again with another -o"
            )
        circumstances = orjson.loads((directory / CIRCUMSTANCES).read_bytes())
        read = read_outcomes(pq.read_table(directory / OUTCOMES), pq.read_table(directory / SECONDS))
        outcomes = {name: read.get(name, []) for name in programs}
        return Run(directory, manifest["asked"], manifest["results"], outcomes, circumstances)


def read_sent(directory: Path) -> Sent:
    """What the run asked that `write_run` wrote there.

    Raises:
        UserError: as for `read_run`.
    """
    with _reading(directory):
        prompts = Prompts.from_tables(pq.read_table(directory / PROMPTS), pq.read_table(directory / TEXTS))
        return Sent(read_questions(directory), prompts)


def read_questions(directory: Path) -> list[Question]:
    """The questions that the run asked, in their order.

    Raises:
        UserError: as for `read_run`.
    """
    with _reading(directory):
        rows = (directory / QUESTIONS).read_bytes().splitlines()
        return [
            question_from_record(orjson.loads(row), f"{directory / QUESTIONS}:{number}")
            for number, row in enumerate(rows, start=1)
        ]


@contextmanager
def _reading(directory: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        missing = next((name for name in _FILES if not (directory / name).exists()), "a file")
        raise UserError(
            f"{directory}: no run is there ({missing} is missing); name one that evaluate, ladder or score wrote"
        ) from error
    except UserError:
        raise
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, pa.ArrowException) as error:
        raise UserError(
            f"{directory}: its run can't be read ({error!r}); run the command again with another -o"
        ) from error


def check_free(directory: Path, manifest: Mapping[str, Any]) -> None:
    """Makes the directory, or refuses one that holds something else, before anything is spent.

    What a run that was killed while it wrote has left behind is no obstacle.

    Raises:
        UserError: the directory can't be made, or holds another run or files that are none of a run's.
    """
    file = directory / MANIFEST
    try:
        directory.mkdir(parents=True, exist_ok=True)
        strangers = [path for path in directory.iterdir() if path.name not in _FILES and path.suffix != ".tmp"]
    except OSError as error:
        raise UserError(f"{directory}: {error.strerror}; name another directory with -o") from error
    if strangers:
        raise UserError(f"{directory}: holds {strangers[0].name}, which is not a run's; name another directory with -o")
    if not file.exists():
        return
    try:
        asked = orjson.loads(file.read_bytes())["asked"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UserError(f"{file}: not a manifest; name another directory with -o") from error
    if asked != orjson.loads(orjson.dumps(manifest)):
        raise UserError(f"{directory}: holds another run; name another directory with -o")


def write_run(run: Run, questions: Iterable[Question], prompts: Iterable[tuple[Key, Prompt]] = ()) -> None:
    """Writes a run; each file is whole or not there, and the manifest, which makes it a run, comes last.

    All but `circumstances.json` and `seconds.parquet` depends only on what was asked and answered, so that the same run
    gives the same bytes.

    Args:
        run: what it came to.
        questions: what it asked.
        prompts: what was sent for each vote; read once, and written as they come.
    """
    at = run.directory
    with atomically(at / OUTCOMES) as outcomes, atomically(at / SECONDS) as seconds:
        write_outcomes(run.outcomes, outcomes, seconds)
    with atomically(at / PROMPTS) as sent, atomically(at / TEXTS) as texts:
        write_prompts(prompts, sent, texts)
    write_questions(at / QUESTIONS, questions)
    write_atomically(run.directory / CIRCUMSTANCES, [_json(run.circumstances)])
    manifest = {"schema": SCHEMA_VERSION, "asked": run.asked, "results": run.results}
    write_atomically(run.directory / MANIFEST, [_json(manifest)])


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
