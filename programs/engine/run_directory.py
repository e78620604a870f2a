"""A run on disk: what was asked for, and what became of every question."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from data import BadInput
from data.atomic import write_atomically
from metrics import Outcome, Vote

SCHEMA_VERSION = 3

_FILES = ("manifest.json", "outcomes.parquet", "circumstances.json")

_VOTE = pa.struct(
    [
        ("sample", pa.int32()),
        ("letter", pa.string()),
        ("rule", pa.string()),
        ("text", pa.string()),
        ("order", pa.string()),
        ("how", pa.string()),
        ("finish_reason", pa.string()),
        ("calls", pa.int32()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("cached_tokens", pa.int64()),
        ("cost_usd", pa.float64()),
        ("key", pa.string()),
        ("failure", pa.string()),
        ("error", pa.string()),
    ]
)
_OUTCOMES = pa.schema(
    [
        ("program", pa.string()),
        ("question_id", pa.string()),
        ("benchmark", pa.string()),
        ("subject", pa.string()),
        ("gold", pa.string()),
        ("answer", pa.string()),
        ("correct", pa.bool_()),
        ("status", pa.string()),
        ("failure", pa.string()),
        ("error", pa.string()),
        ("exemplars", pa.list_(pa.string())),
        ("similarities", pa.list_(pa.float64())),
        ("duplicates_removed", pa.int32()),
        ("fixed_orders", pa.int32()),
        ("cluster", pa.string()),
        ("votes_saved", pa.int32()),
        ("votes", pa.list_(_VOTE)),
    ]
)


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


def read_run(directory: Path) -> Run:
    """The run that `write_run` wrote there.

    Raises:
        BadInput: none is there, it was written by another release, or a file of it can't be read.
    """
    file = directory / "manifest.json"
    try:
        manifest = orjson.loads(file.read_bytes())
        if manifest.get("schema") != SCHEMA_VERSION:
            raise BadInput(
                f"{file}: schema {manifest.get('schema')}, and this release reads {SCHEMA_VERSION}; run the command "
                "again with another -o, which buys nothing anew"
            )
        circumstances = orjson.loads((directory / "circumstances.json").read_bytes())
        rows = pq.read_table(directory / "outcomes.parquet", schema=_OUTCOMES).to_pylist()
        outcomes: dict[str, list[Outcome]] = {name: [] for name in manifest["asked"]["programs"]}
        for row in rows:
            outcomes[row["program"]].append(_outcome(row))
        return Run(directory, manifest["asked"], manifest["results"], outcomes, circumstances)
    except FileNotFoundError as error:
        missing = next((name for name in _FILES if not (directory / name).exists()), "a file")
        raise BadInput(
            f"{directory}: no run is there ({missing} is missing); name a directory that evaluate or ladder wrote"
        ) from error
    except BadInput:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{directory}: its run can't be read ({error}); run the command again with another -o"
        ) from error


def _outcome(row: Mapping[str, Any]) -> Outcome:
    fields = {name: value for name, value in row.items() if name not in ("program", "correct", "status")}
    votes = tuple(Vote(**vote) for vote in fields.pop("votes"))
    for name in ("exemplars", "similarities"):
        fields[name] = tuple(fields[name])
    return Outcome(**fields, votes=votes)


def check_free(directory: Path, manifest: Mapping[str, Any]) -> None:
    """Makes the directory, or refuses one that holds something else, before anything is spent.

    What a run that was killed while it wrote has left behind is no obstacle.

    Raises:
        BadInput: the directory can't be made, or holds another run or files that are none of a run's.
    """
    file = directory / "manifest.json"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        strangers = [path for path in directory.iterdir() if path.name not in _FILES and path.suffix != ".tmp"]
    except OSError as error:
        raise BadInput(f"{directory}: {error.strerror}; name another directory with -o") from error
    if strangers:
        raise BadInput(f"{directory}: holds {strangers[0].name}, which is not a run's; name another directory with -o")
    if not file.exists():
        return
    try:
        asked = orjson.loads(file.read_bytes())["asked"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise BadInput(f"{file}: not a manifest; name another directory with -o") from error
    if asked != orjson.loads(orjson.dumps(manifest)):
        raise BadInput(f"{directory}: holds another run; name another directory with -o")


def write_run(
    directory: Path,
    asked: Mapping[str, Any],
    results: Mapping[str, Any],
    outcomes: Mapping[str, Sequence[Outcome]],
    circumstances: Mapping[str, Any],
) -> None:
    """Writes a run; each file is whole or not there, and the manifest, which makes it a run, comes last.

    `outcomes.parquet` and `manifest.json` depend only on what was asked and answered, so that the same run gives the
    same bytes; `circumstances.json` has the rest.

    Args:
        directory: made where it is missing.
        asked: model, data, programs: what the run is of.
        results: what it came to.
        outcomes: those of each program, by its name.
        circumstances: what differs from time to time: seconds, completions that had to be bought, looks at test.
    """
    table = pa.Table.from_pylist(
        [_row(program, outcome) for program, some in outcomes.items() for outcome in some], schema=_OUTCOMES
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_atomically(directory / "outcomes.parquet", [sink.getvalue().to_pybytes()])
    write_atomically(directory / "circumstances.json", [_json(circumstances)])
    manifest = {"schema": SCHEMA_VERSION, "asked": asked, "results": results}
    write_atomically(directory / "manifest.json", [_json(manifest)])


def _row(program: str, outcome: Outcome) -> dict[str, Any]:
    return {"program": program, **asdict(outcome), "correct": outcome.correct, "status": outcome.status}


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
