"""Files of a study: frozen programs, results, trials."""

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
    """Freeze the winner, and the front if the study has both objectives; write the results and the trials.

    Returns:
        The result with the directories of the frozen programs.
    """
    directories = [plan.directory / PROGRAM]
    _freeze(plan, result.choice.winner, result.choice.holdout, directories[0])
    _remove_front(plan.directory / FRONT)
    for number, (candidate, summary) in enumerate(result.choice.front, 1):
        directories.append(plan.directory / FRONT / f"{number:02}-{candidate.configuration.strategy}")
        _freeze(plan, candidate, summary, directories[-1])
    result = replace(result, directories=tuple(map(str, directories)))
    content = orjson.dumps(result.as_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    try:
        write_atomically(plan.directory / TRIALS, (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
        write_atomically(plan.directory / RESULT, [content])
    except OSError as error:
        raise UserError(
            f"unwritable results in {plan.directory / RESULT}: {error.strerror}. Free space or check permissions; "
            "then rerun the same command."
        ) from error
    return result


def _remove_front(front: Path) -> None:
    """Remove the front of an earlier run, which may have more programs than this one."""
    for program in front.iterdir() if front.is_dir() else ():
        if is_frozen(program):
            shutil.rmtree(program)


def _freeze(plan: TuningPlan, candidate: Candidate, summary: Summary | None, directory: Path) -> None:
    holdout = plan.holdout.questions
    dev = None
    if summary is not None:
        source = to_data_source(plan.source, plan.benchmark, "dev", holdout)
        dev = to_dev_score(summary, source, plan.calls.policy.on_unparsed)
    pool = to_data_source(plan.source, plan.pool_benchmark, "pool", plan.pool) if plan.pool else None
    metadata = ProgramMetadata(model=plan.calls.endpoint.model, benchmark=plan.benchmark, pool=pool, dev=dev)
    program = plan.factory.program(candidate.configuration)
    freeze_program(program, directory, metadata, subsample(holdout, GOLDEN_QUESTIONS), replace=True)
