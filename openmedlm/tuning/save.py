"""What a study leaves on disk: frozen programs, its trials, what it came to."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from openmedlm.data import UserError
from openmedlm.metrics import Summary
from openmedlm.optimizers.search.finalists import Candidate
from openmedlm.programs.frozen import ProgramMetadata, freeze_program, is_frozen
from openmedlm.runs.compile import GOLDEN_QUESTIONS, to_data_source, to_dev_score
from openmedlm.runs.plan import subsample
from openmedlm.tuning.files import FRONT, PROGRAM, RESULT, TRIALS
from openmedlm.tuning.plan import TuningPlan
from openmedlm.tuning.result import TuningResult
from openmedlm.utils.atomic import write_atomically


def write_result(plan: TuningPlan, result: TuningResult, rows: Sequence[dict[str, Any]]) -> TuningResult:
    """Freezes the winner, and the front where both are the objective; writes what the study came to, and its trials."""
    places = [plan.directory / PROGRAM]
    _freeze(plan, result.choice.winner, result.choice.select, places[0])
    _clear(plan.directory / FRONT)
    for number, (candidate, summary) in enumerate(result.choice.front, 1):
        places.append(plan.directory / FRONT / f"{number:02}-{candidate.configuration.strategy}")
        _freeze(plan, candidate, summary, places[-1])
    result = replace(result, directories=tuple(map(str, places)))
    content = orjson.dumps(result.as_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    try:
        write_atomically(plan.directory / TRIALS, (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
        write_atomically(plan.directory / RESULT, [content])
    except OSError as error:
        raise UserError(f"{plan.directory / RESULT}: can't be written ({error.strerror})") from error
    return result


def _clear(front: Path) -> None:
    """Takes away the front of an earlier run, which this one may have fewer programs than."""
    for program in front.iterdir() if front.is_dir() else ():
        if is_frozen(program):
            shutil.rmtree(program)


def _freeze(plan: TuningPlan, candidate: Candidate, summary: Summary | None, place: Path) -> None:
    select = plan.select.questions
    dev = None
    if summary is not None:
        asked = to_data_source(plan.source, plan.benchmark, "dev", select)
        dev = to_dev_score(summary, asked, plan.policy.on_unparsed)
    pool = to_data_source(plan.source, plan.pool_benchmark, "pool", plan.pool) if plan.pool else None
    facts = ProgramMetadata(model=plan.endpoint.model, benchmark=plan.benchmark, pool=pool, dev=dev)
    program = plan.program_factory.program(candidate.configuration)
    freeze_program(program, place, facts, subsample(select, GOLDEN_QUESTIONS), replace=True)
