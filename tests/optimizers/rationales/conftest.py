"""A teacher on loopback that says what a test wants it to say, and invented pool questions to ask it about."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer

from openmedlm.data import Question
from openmedlm.inference import Engine, Policy, VoteStore, find_endpoint, open_client
from openmedlm.optimizers.rationales import RationalePool, Taught, Written, write_rationales
from openmedlm.programs import CHAT, Template
from openmedlm.programs.cot import CoT

TEACHER = "hosted_vllm/wise"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def make_question() -> Callable[..., Question]:
    """A valid invented pool question whose right option reads `gold`; keywords replace its fields."""

    def make(number: int = 0, **fields: Any) -> Question:
        answer = fields.get("answer", "ABCD"[number % 4])
        options = {letter: "gold" if letter == answer else f"organ {letter}" for letter in "ABCD"}
        values: dict[str, Any] = {
            "id": f"q{number:03}",
            "benchmark": "invented",
            "split": "pool",
            "question": f"Which organ has number {number} on the chart?",
            "options": options,
            "answer": answer,
        }
        return Question(**{**values, **fields})

    return make


@dataclass(frozen=True)
class Lesson:
    """What each round yielded, and the pool that all of it makes."""

    rounds: list[Written]
    pool: RationalePool

    @property
    def errors(self) -> list[str]:
        return [error for written in self.rounds for error in written.errors]

    def of(self, question: Question) -> Taught:
        taught = self.pool.of(question)
        assert taught is not None
        return taught


@pytest.fixture
def teach(server: ModelServer, tmp_path: Path) -> Callable[..., Lesson]:
    """Has the server's model write rationales; lessons of one test share a vote store, unless another is named."""

    def teach(
        questions: Sequence[Question],
        pool: RationalePool | None = None,
        rounds: int = 5,
        *,
        seed: int = 0,
        template: Template = CHAT,
        store: str = "votes",
        concurrency: int = 8,
        **told: Callable[..., None],
    ) -> Lesson:
        pool = pool or RationalePool()

        async def go() -> list[Written]:
            endpoint = replace(find_endpoint(TEACHER, server.base_url), identity=TEACHER)
            program = CoT(template, seed=seed).prompt_program()
            with VoteStore(tmp_path / f"{store}.sqlite") as votes:
                async with open_client(endpoint, connections=64, timeout=20) as client:
                    engine = Engine(client, endpoint, votes, Policy(concurrency, "leave", attempts=1))
                    try:
                        writing = write_rationales(engine, program, TEACHER, questions, pool, rounds, **told)
                        return [written async for written in writing]
                    finally:
                        await votes.drain()

        written = asyncio.run(go())
        for part in written:
            pool = pool.with_news(part.taught)
        return Lesson(written, pool)

    return teach
