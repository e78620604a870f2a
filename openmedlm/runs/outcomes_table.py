"""Outcomes as a parquet table: one row per program and question."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import IO, Any

import pyarrow as pa

from openmedlm.metrics import Outcome, outcome_from_fields
from openmedlm.runs.rows import Rows

_OUTCOME_FIELDS = [field.name for field in fields(Outcome) if field.name != "votes"]

_VOTE = pa.struct(
    [
        ("sample", pa.int32()),
        ("letter", pa.string()),
        ("rule", pa.string()),
        ("text", pa.string()),
        ("order", pa.string()),
        ("method", pa.string()),
        ("finish_reason", pa.string()),
        ("calls", pa.int32()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("cached_tokens", pa.int64()),
        ("cost_usd", pa.float64()),
        ("key", pa.string()),
        ("failure", pa.string()),
        ("error", pa.string()),
        ("reasoning", pa.string()),
        ("reasoning_tokens", pa.int64()),
    ]
)
SCHEMA = pa.schema(
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
        ("exemplars_not_reordered", pa.int32()),
        ("cluster", pa.string()),
        ("votes_saved", pa.int32()),
        ("votes", pa.list_(_VOTE)),
    ]
)
_SECONDS = pa.schema(
    [("program", pa.string()), ("question_id", pa.string()), ("sample", pa.int32()), ("seconds", pa.float64())]
)


def write_outcomes(outcomes: Mapping[str, Iterable[Outcome]], file: IO[bytes], seconds: IO[bytes]) -> None:
    """Write the outcomes of each program; the duration of each vote goes to a second file, since it differs between
    repetitions of a run."""
    with Rows(file, SCHEMA) as rows, Rows(seconds, _SECONDS) as durations:
        for program, program_outcomes in outcomes.items():
            for outcome in program_outcomes:
                rows.add(_to_row(program, outcome))
                for vote in outcome.votes:
                    key = {"program": program, "question_id": outcome.question_id, "sample": vote.sample}
                    durations.add({**key, "seconds": vote.seconds})


def read_outcomes(
    table: pa.Table, seconds: pa.Table, upgrade: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
) -> dict[str, list[Outcome]]:
    """Return the outcomes of each program.

    Args:
        table: Table of outcomes that `write_outcomes` wrote.
        seconds: Table of durations that it wrote.
        upgrade: Converts a row of an older schema; None for the current one.
    """
    durations = {(row["program"], row["question_id"], row["sample"]): row["seconds"] for row in seconds.to_pylist()}
    outcomes: dict[str, list[Outcome]] = {}
    for stored in table.to_pylist():
        row = upgrade(stored) if upgrade else stored
        for vote in row["votes"]:
            vote["seconds"] = float(durations[row["program"], row["question_id"], vote["sample"]])
        outcomes.setdefault(row["program"], []).append(_to_outcome(row))
    return outcomes


def _to_row(program: str, outcome: Outcome) -> dict[str, Any]:
    row = {name: getattr(outcome, name) for name in _OUTCOME_FIELDS}
    row["votes"] = [{name: getattr(vote, name) for name in _VOTE.names} for vote in outcome.votes]
    return {"program": program, **row, "correct": outcome.correct, "status": outcome.status}


def _to_outcome(row: Mapping[str, Any]) -> Outcome:
    return outcome_from_fields(
        {name: value for name, value in row.items() if name not in ("program", "correct", "status")}
    )
