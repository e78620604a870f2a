"""Execution of a plan: its programs run one after another at one endpoint."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from openmedlm.data import Question, clusters, fingerprint
from openmedlm.inference import CompletionCache, wait_for
from openmedlm.metrics import Outcome, Summary, summarise
from openmedlm.runs.call_settings import Connection, open_connection
from openmedlm.runs.plan import Plan
from openmedlm.runs.prompt_buffer import PromptBuffer
from openmedlm.terminal.progress import Progress

CLUSTERS_DELAY = 0.1
"""Seconds until clusters are computed: the first requests are sent before, since the computation takes CPU time."""


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """Results of one program.

    Attributes:
        program: Name of the program.
        split: Name of the split.
        outcomes: Outcome of each question, in the order of the questions.
        summary: Metrics over the outcomes.
        api_calls: Number of completions that were requested from the endpoint; the others were cached.
        prompts: Prompts of each question's votes; None if they were not kept.
    """

    program: str
    split: str
    outcomes: Sequence[Outcome]
    summary: Summary
    api_calls: int
    prompts: PromptBuffer | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"{self.program} on {self.split}: {self.summary}, {self.api_calls:,} API calls"

    def as_json(self) -> dict[str, Any]:
        return {"program": self.program, "split": self.split, **self.summary.as_json()}


@dataclass(frozen=True, slots=True)
class Report:
    """Results of a plan.

    Attributes:
        results: Results of each program, in the order of the plan.
        test_evaluations: Number of different evaluations of this model on this benchmark's test split, this one
            included; None for another split.
    """

    results: Sequence[ProgramResult]
    test_evaluations: int | None

    def as_json(self) -> dict[str, Any]:
        return {"test_evaluations": self.test_evaluations, "runs": [result.as_json() for result in self.results]}


def execute(plan: Plan, progress: Progress, *, keep_prompts: bool = False) -> Report:
    """Run the programs of a plan one after another.

    Args:
        plan: Programs, questions and call settings.
        progress: Shows the state of the run.
        keep_prompts: Keep the prompts of all votes in a temporary file, for `save_run`.

    Raises:
        UserError: The endpoint does not answer, or refuses every call.
    """
    with open_connection(plan.calls, progress) as connection:
        return wait_for(_execute(plan, connection, progress, keep_prompts))


async def _execute(plan: Plan, connection: Connection, progress: Progress, keep_prompts: bool) -> Report:
    results = []
    question_clusters = asyncio.create_task(_clusters(plan.questions))
    async with connection.engine() as engine:
        test_evaluations = _record_test_use(plan, connection.store)
        for name, program in plan.programs.items():
            started, api_calls = time.perf_counter(), engine.api_calls
            progress.start_program(name, len(plan.questions))
            prompts = PromptBuffer(len(plan.questions), connection.store.folder) if keep_prompts else None
            outcomes = await engine.run(
                program,
                plan.questions,
                progress.on_outcome,
                question_clusters,
                prompts.put if prompts is not None else None,
            )
            summary = summarise(outcomes, time.perf_counter() - started)
            results.append(ProgramResult(name, plan.split, outcomes, summary, engine.api_calls - api_calls, prompts))
    return Report(results, test_evaluations)


async def _clusters(questions: Sequence[Question]) -> list[str]:
    await asyncio.sleep(CLUSTERS_DELAY)
    return await asyncio.to_thread(clusters, questions)


def _record_test_use(plan: Plan, store: CompletionCache) -> int | None:
    """Record that the programs are evaluated on the test split, before the first answer is known."""
    if plan.split != "test":
        return None
    questions = fingerprint(plan.questions)
    counts = [
        store.record_test_use(plan.benchmark, plan.calls.endpoint.identity, program.digest(), questions)
        for program in plan.programs.values()
    ]
    return max(counts, default=0)
