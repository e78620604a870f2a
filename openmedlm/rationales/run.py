"""A teacher at work: which pool questions it is asked about, and the pool on disk after every round."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openmedlm.data import Question
from openmedlm.inference import wait_for
from openmedlm.optimizers.rationales import RationalePool, add_to_pool, generate_rationales, read_pool
from openmedlm.programs import PromptProgram
from openmedlm.programs.retrieval import NeighbourIndex
from openmedlm.runs.call_settings import CallSettings, Connection, open_connection
from openmedlm.terminal.progress import Progress


@dataclass(frozen=True, slots=True)
class RationaleJob:
    """What a teacher is asked, and how.

    Attributes:
        calls: endpoint of the teacher, and the settings of the calls to it.
        program: how it is asked.
        questions: about which.
        rounds: how often each, at most.
        file: where the pool is kept.
    """

    calls: CallSettings
    program: PromptProgram
    questions: Sequence[Question]
    rounds: int
    file: Path

    def left(self, pool: RationalePool) -> list[Question]:
        """The questions that the pool has no rationale for yet."""
        return [question for question in self.questions if not pool.has_rationales([question])]


def run_rationale_job(job: RationaleJob, progress: Progress) -> tuple[RationalePool, list[str]]:
    """The pool after all rounds, and what the endpoint said where it failed.

    Raises:
        UserError: the endpoint does not answer, or refuses every call.
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
            progress.begin,
            progress.seen,
        )
        async for written in rounds:
            pool = add_to_pool(job.file, written.records)
            errors += written.errors
    return pool, errors


def near(index: NeighbourIndex, questions: Sequence[Question], k: int) -> list[Question]:
    """The pool questions that are among the k nearest of any of the questions, in the pool's order."""
    rows = {row for found in index.nearest(questions, k) for row in found.rows}
    return [index.questions[row] for row in sorted(rows)]
