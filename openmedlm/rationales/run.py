"""A teacher at work: which pool questions it is asked about, and the pool on disk after every round."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openmedlm.data import Question, UserError
from openmedlm.inference import (
    Cluster,
    CompletionCache,
    Endpoint,
    EndpointDownError,
    Policy,
    connect,
    open_engine,
    wait_for,
)
from openmedlm.optimizers.rationales import RationalePool, add_to_pool, generate_rationales, read_pool
from openmedlm.programs import PromptProgram
from openmedlm.programs.retrieval import NeighbourIndex
from openmedlm.terminal.progress import Progress


@dataclass(frozen=True, slots=True)
class RationaleJob:
    """What a teacher is asked, and how.

    Attributes:
        endpoint: the teacher's.
        program: how it is asked.
        questions: about which.
        rounds: how often each, at most.
        file: where the pool is kept.
        policy: how calls are made.
        timeout: seconds that one call may take.
        store: the vote store.
        cluster: whose workers ask; None for this process.
    """

    endpoint: Endpoint
    program: PromptProgram
    questions: Sequence[Question]
    rounds: int
    file: Path
    policy: Policy
    timeout: float
    store: Path | str
    cluster: Cluster | None = None

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
    try:
        with CompletionCache(job.store) as store, progress, connect(job.endpoint, progress.on_download) as endpoint:
            return wait_for(_run_rationale_job(job, pool, endpoint, store, progress))
    except EndpointDownError as error:
        raise UserError(f"{job.endpoint.model}: {error}") from error


async def _run_rationale_job(
    job: RationaleJob, pool: RationalePool, endpoint: Endpoint, store: CompletionCache, progress: Progress
) -> tuple[RationalePool, list[str]]:
    errors: list[str] = []
    async with open_engine(endpoint, store, job.policy, job.timeout, cluster=job.cluster) as engine:
        rounds = generate_rationales(
            engine,
            job.program,
            endpoint.model,
            job.questions,
            pool,
            job.rounds,
            progress.start_program,
            progress.on_outcome,
        )
        async for written in rounds:
            pool = add_to_pool(job.file, written.records)
            errors += written.errors
    return pool, errors


def near(index: NeighbourIndex, questions: Sequence[Question], k: int) -> list[Question]:
    """The pool questions that are among the k nearest of any of the questions, in the pool's order."""
    rows = {row for found in index.nearest(questions, k) for row in found.rows}
    return [index.questions[row] for row in sorted(rows)]
