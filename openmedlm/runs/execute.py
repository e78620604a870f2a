"""From a plan to results: programs run one after another at one endpoint."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openmedlm.data import Question, clusters, fingerprint
from openmedlm.inference import CompletionCache, wait_for
from openmedlm.metrics import Outcome, Summary, summarise
from openmedlm.runs.call_settings import Connection, open_connection
from openmedlm.runs.plan import Plan
from openmedlm.terminal.progress import Progress


@dataclass(frozen=True, slots=True)
class Result:
    """What one program came to on the questions.

    Attributes:
        outcomes: of each question.
        bought: completions that had to be bought; the others lay in the store.
    """

    program: str
    split: str
    outcomes: Sequence[Outcome]
    summary: Summary
    api_calls: int

    def as_json(self) -> dict[str, Any]:
        return {"program": self.program, "split": self.split, **self.summary.as_json()}


@dataclass(frozen=True, slots=True)
class Report:
    """What a plan came to.

    Attributes:
        results: in the order of the plan's programs.
        test_evaluations: how many different looks at this benchmark's test split there were with this model, this one
            included; None where another split was run.
    """

    results: Sequence[Result]
    test_evaluations: int | None

    def as_json(self) -> dict[str, Any]:
        return {"test_evaluations": self.test_evaluations, "runs": [result.as_json() for result in self.results]}


def execute(plan: Plan, progress: Progress) -> Report:
    """Runs the programs one after another.

    Raises:
        UserError: the endpoint does not answer, or refuses every call.
    """
    with open_connection(plan.calls, progress) as connection:
        return wait_for(_execute(plan, connection, progress))


async def _execute(plan: Plan, connection: Connection, progress: Progress) -> Report:
    results = []
    belonging = asyncio.create_task(_clusters(plan.questions))
    async with connection.engine() as engine:
        looks = _record_looks(plan, connection.store)
        for name, program in plan.programs.items():
            started, api_calls = time.perf_counter(), engine.api_calls
            progress.begin(name, len(plan.questions))
            outcomes = await engine.run(program, plan.questions, progress.seen, belonging)
            summary = summarise(outcomes, time.perf_counter() - started)
            results.append(Result(name, plan.split, outcomes, summary, engine.api_calls - api_calls))
    return Report(results, looks)


async def _clusters(questions: Sequence[Question]) -> list[str]:
    await asyncio.sleep(0.1)  # the first requests go out before; this takes a thread's time from them
    return await asyncio.to_thread(clusters, questions)


def _record_looks(plan: Plan, store: CompletionCache) -> int | None:
    """Writes down that the programs meet the test split, before the first answer can be seen."""
    if plan.split != "test":
        return None
    questions = fingerprint(plan.questions)
    looks = [
        store.record_test_use(plan.benchmark, plan.calls.endpoint.identity, program.digest(), questions)
        for program in plan.programs.values()
    ]
    return max(looks, default=0)
