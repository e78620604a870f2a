"""A teacher on loopback with scripted replies, and invented pool questions."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer

from openmedlm.data import Question
from openmedlm.inference import CompletionCache, Engine, Policy, find_endpoint, open_client
from openmedlm.optimizers.rationales import RationaleBatch, RationalePool, RationaleRecord, generate_rationales
from openmedlm.programs import CHAT, Template
from openmedlm.programs.cot import CoT

TEACHER = "hosted_vllm/wise"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def make_question() -> Callable[..., Question]:
    """Make an invented pool question with the right option `gold`; keywords replace its fields."""

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
class FinishedJob:
    """Batches of all rounds, and the pool that they make."""

    rounds: list[RationaleBatch]
    pool: RationalePool

    @property
    def errors(self) -> list[str]:
        return [error for written in self.rounds for error in written.errors]

    def get(self, question: Question) -> RationaleRecord:
        record = self.pool.get(question)
        assert record is not None
        return record


@pytest.fixture
def teach(server: ModelServer, tmp_path: Path) -> Callable[..., FinishedJob]:
    """Generate rationales with the server's model; jobs of one test share a completion cache, unless it is named."""

    def teach(
        questions: Sequence[Question],
        pool: RationalePool | None = None,
        rounds: int = 5,
        *,
        seed: int = 0,
        template: Template = CHAT,
        store: str = "votes",
        concurrency: int = 8,
        **callbacks: Callable[..., None],
    ) -> FinishedJob:
        pool = pool or RationalePool()

        async def go() -> list[RationaleBatch]:
            endpoint = replace(find_endpoint(TEACHER, server.base_url), identity=TEACHER)
            program = CoT(template, seed=seed).prompt_program()
            with CompletionCache(tmp_path / f"{store}.sqlite") as votes:
                async with open_client(endpoint, connections=64, timeout=20) as client:
                    engine = Engine(client, endpoint, votes, Policy(concurrency, "skip", max_retries=0))
                    try:
                        writing = generate_rationales(engine, program, TEACHER, questions, pool, rounds, **callbacks)
                        return [written async for written in writing]
                    finally:
                        await votes.drain()

        written = asyncio.run(go())
        for part in written:
            pool = pool.merge(part.records)
        return FinishedJob(written, pool)

    return teach
