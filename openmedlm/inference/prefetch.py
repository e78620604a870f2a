"""Prefetching of exemplars while earlier questions are answered."""

import asyncio
from collections.abc import Sequence

from openmedlm.data import Question
from openmedlm.programs.prompt_program import ExemplarSource
from openmedlm.programs.retrieved import RetrievedExemplars

BATCH_QUESTIONS = 512
"""Questions per look-up of exemplars; large enough that one matrix product serves all of them."""


class ExemplarPrefetcher:
    """Looks up exemplars in batches, one batch ahead.

    Args:
        source: Chooses the exemplars.
        questions: All questions of the run.
    """

    def __init__(self, source: ExemplarSource, questions: Sequence[Question]) -> None:
        self._source = source
        self._questions = questions
        self._batches: list[asyncio.Task[list[RetrievedExemplars]]] = []

    async def get(self, position: int) -> RetrievedExemplars:
        """Return the exemplars of the question at that position."""
        number, offset = divmod(position, BATCH_QUESTIONS)
        while len(self._batches) < min(number + 2, -(-len(self._questions) // BATCH_QUESTIONS)):
            self._batches.append(asyncio.create_task(self._choose(len(self._batches))))
        batch = self._batches[number]
        return (batch.result() if batch.done() else await asyncio.shield(batch))[offset]

    async def _choose(self, number: int) -> list[RetrievedExemplars]:
        if number:  # one batch at a time: a search uses all cores
            await asyncio.shield(self._batches[number - 1])
        questions = self._questions[number * BATCH_QUESTIONS : (number + 1) * BATCH_QUESTIONS]
        return await asyncio.to_thread(self._source.choose, questions)
