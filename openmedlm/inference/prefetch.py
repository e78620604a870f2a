"""The exemplars of many questions, chosen while earlier ones are asked."""

import asyncio
from collections.abc import Sequence

from openmedlm.data import Question
from openmedlm.programs.prompt_program import ExemplarSource
from openmedlm.programs.retrieved import RetrievedExemplars

TOGETHER = 512
"""Questions whose exemplars are chosen at once: enough for a search of all of them to cost little each."""


class ExemplarPrefetcher:
    """Chooses the exemplars of questions, some of them at a time, the next ones ahead.

    Args:
        source: what chooses.
        questions: all of them.
    """

    def __init__(self, source: ExemplarSource, questions: Sequence[Question]) -> None:
        self._source = source
        self._questions = questions
        self._begun: list[asyncio.Task[list[RetrievedExemplars]]] = []

    async def of(self, position: int) -> RetrievedExemplars:
        """The exemplars of the question at that position."""
        part, place = divmod(position, TOGETHER)
        while len(self._begun) < min(part + 2, -(-len(self._questions) // TOGETHER)):
            self._begun.append(asyncio.create_task(self._choose(len(self._begun))))
        begun = self._begun[part]
        return (begun.result() if begun.done() else await asyncio.shield(begun))[place]

    async def _choose(self, part: int) -> list[RetrievedExemplars]:
        if part:  # one after another: a search uses all cores
            await asyncio.shield(self._begun[part - 1])
        questions = self._questions[part * TOGETHER : (part + 1) * TOGETHER]
        return await asyncio.to_thread(self._source.choose, questions)
