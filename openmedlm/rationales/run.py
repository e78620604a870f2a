"""A teacher at work: which pool questions it is asked about, and the pool on disk after every round."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openmedlm.data import BadInput, Question
from openmedlm.inference import Cluster, Endpoint, EndpointDownError, Policy, VoteStore, connect, open_engine, wait_for
from openmedlm.optimizers.rationales import RationalePool, add_to_pool, read_pool, write_rationales
from openmedlm.programs import PromptProgram
from openmedlm.programs.retrieval import NeighbourIndex
from openmedlm.terminal.progress import Progress


@dataclass(frozen=True, slots=True)
class Lesson:
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
        return [question for question in self.questions if not pool.teaches([question])]


def teach(lesson: Lesson, progress: Progress) -> tuple[RationalePool, list[str]]:
    """The pool after all rounds, and what the endpoint said where it failed.

    Raises:
        BadInput: the endpoint does not answer, or refuses every call.
    """
    pool = read_pool(lesson.file)
    if not lesson.left(pool):
        return pool, []
    try:
        with VoteStore(lesson.store) as store, progress, connect(lesson.endpoint, progress.fetched) as endpoint:
            return wait_for(_teach(lesson, pool, endpoint, store, progress))
    except EndpointDownError as error:
        raise BadInput(f"{lesson.endpoint.model}: {error}") from error


async def _teach(
    lesson: Lesson, pool: RationalePool, endpoint: Endpoint, store: VoteStore, progress: Progress
) -> tuple[RationalePool, list[str]]:
    errors: list[str] = []
    async with open_engine(endpoint, store, lesson.policy, lesson.timeout, cluster=lesson.cluster) as engine:
        rounds = write_rationales(
            engine,
            lesson.program,
            endpoint.model,
            lesson.questions,
            pool,
            lesson.rounds,
            progress.begin,
            progress.seen,
        )
        async for written in rounds:
            pool = add_to_pool(lesson.file, written.taught)
            errors += written.errors
    return pool, errors


def near(index: NeighbourIndex, questions: Sequence[Question], k: int) -> list[Question]:
    """The pool questions that are among the k nearest of any of the questions, in the pool's order."""
    rows = {row for found in index.nearest(questions, k) for row in found.rows}
    return [index.questions[row] for row in sorted(rows)]
