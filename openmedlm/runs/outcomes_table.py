"""Outcomes as a parquet table, a row a question of a program."""

from collections.abc import Iterable, Mapping
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
    """Writes the outcomes of each program; how long each vote took goes to a file of its own, since it differs from
    time to time."""
    with Rows(file, SCHEMA) as rows, Rows(seconds, _SECONDS) as times:
        for program, some in outcomes.items():
            for one in some:
                rows.add(_row(program, one))
                for vote in one.votes:
                    times.add(
                        {
                            "program": program,
                            "question_id": one.question_id,
                            "sample": vote.sample,
                            "seconds": vote.seconds,
                        }
                    )


def read_outcomes(table: pa.Table, seconds: pa.Table) -> dict[str, list[Outcome]]:
    """The outcomes of each program, as `write_outcomes` wrote them."""
    took = {(row["program"], row["question_id"], row["sample"]): row["seconds"] for row in seconds.to_pylist()}
    outcomes: dict[str, list[Outcome]] = {}
    for row in table.to_pylist():
        for vote in row["votes"]:
            vote["seconds"] = float(took[row["program"], row["question_id"], vote["sample"]])
        outcomes.setdefault(row["program"], []).append(_outcome(row))
    return outcomes


def _row(program: str, outcome: Outcome) -> dict[str, Any]:
    row = {name: getattr(outcome, name) for name in _OUTCOME_FIELDS}
    row["votes"] = [{name: getattr(vote, name) for name in _VOTE.names} for vote in outcome.votes]
    return {"program": program, **row, "correct": outcome.correct, "status": outcome.status}


def _outcome(row: Mapping[str, Any]) -> Outcome:
    return outcome_from_fields(
        {name: value for name, value in row.items() if name not in ("program", "correct", "status")}
    )
