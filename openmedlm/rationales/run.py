"""Rationale job: a teacher answers pool questions, and the pool on disk grows after every round."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openmedlm.data import Question
from openmedlm.inference import wait_for
from openmedlm.optimizers.rationales import RationalePool, add_to_pool, generate_rationales, read_pool
from openmedlm.optimizers.rationales.extract import RationaleFrom
from openmedlm.programs import PromptProgram
from openmedlm.programs.retrieval import NeighbourIndex
from openmedlm.runs.call_settings import CallSettings, Connection, open_connection
from openmedlm.terminal.progress import Progress


@dataclass(frozen=True, slots=True)
class RationaleJob:
    """Requests to a teacher.

    Attributes:
        calls: Endpoint of the teacher, and settings of the calls to it.
        program: Program that renders the prompts.
        questions: Pool questions that need a rationale.
        rounds: Maximum requests per question.
        file: File of the rationale pool.
        rationale_from: Part of a completion that rationales are taken from.
    """

    calls: CallSettings
    program: PromptProgram
    questions: Sequence[Question]
    rounds: int
    file: Path
    rationale_from: RationaleFrom = "auto"

    def left(self, pool: RationalePool) -> list[Question]:
        """Return the questions without a rationale in the pool."""
        return [question for question in self.questions if not pool.has_rationales([question])]


def run_rationale_job(job: RationaleJob, progress: Progress) -> tuple[RationalePool, list[str]]:
    """Run all rounds; return the pool and the endpoint's error messages.

    Raises:
        UserError: The endpoint does not answer, or refuses every call.
    """
    pool = read_pool(job.file)
    if not job.left(pool):
        return pool, []
    with open_connection(job.calls, progress) as connection:
        return wait_for(_run_rationale_job(job, pool, connection, progress))


async def _run_rationale_job(
    job: RationaleJob, pool: RationalePool, connection: Connection, progress: Progress
) -> tuple[RationalePool, list[str]]:
    errors: list[str] = []
    async with connection.engine() as engine:
        rounds = generate_rationales(
            engine,
            job.program,
            job.calls.endpoint.model,
            job.questions,
            pool,
            job.rounds,
            progress.start_program,
            progress.on_outcome,
            job.rationale_from,
        )
        async for batch in rounds:
            pool = add_to_pool(job.file, batch.records)
            errors += batch.errors
    return pool, errors


def find_neighbours(index: NeighbourIndex, questions: Sequence[Question], k: int) -> list[Question]:
    """Return the pool questions among the k nearest of any of the questions, in the order of the pool."""
    rows = {row for neighbours in index.nearest(questions, k) for row in neighbours.rows}
    return [index.questions[row] for row in sorted(rows)]
