"""Fixtures for programs: a local OpenAI-compatible server, strategies, questions and embedders."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_server import ModelServer, Reply

from openmedlm.data import Question, load_split
from openmedlm.inference import CompletionCache, Engine, Policy, find_endpoint, open_client
from openmedlm.inference.endpoint import Constraint
from openmedlm.metrics import Outcome
from openmedlm.programs import (
    CHAT,
    Exemplar,
    KNNExemplars,
    PromptProgram,
    SamplingParams,
    Template,
    exemplar_from_explanation,
)
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.knn_strategy import KNNStrategy
from openmedlm.programs.prompt_program import SamplePrompt
from openmedlm.programs.retrieval import Embedder, SentenceEmbedder, build_index, find_embedder
from openmedlm.programs.retrieval.embedder import Vectors
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.to_module import STRATEGY_CLASSES

EXEMPLARS_SHOWN = 3


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def make_reply() -> type[Reply]:
    return Reply


@dataclass(frozen=True)
class Ran:
    """Results of one run, and the number of API calls it made."""

    outcomes: list[Outcome]
    api_calls: int


@pytest.fixture
def run(server: ModelServer, tmp_path: Path) -> Callable[..., Ran]:
    """Run a program over questions at the server; runs of one test share a completion cache by its name."""

    def run(
        program: PromptProgram,
        questions: Sequence[Question],
        *,
        model: str = "hosted_vllm/small",
        constraint: Constraint | None = None,
        api_key: str = "a-secret-key",
        timeout: float = 20.0,
        on_outcome: Callable[[Outcome], None] | None = None,
        on_prompts: Callable[[int, Sequence[SamplePrompt]], None] | None = None,
        store: str = "votes",
        cancel_after: int | None = None,
        **policy: Any,
    ) -> Ran:
        async def go() -> Ran:
            endpoint = find_endpoint(model, server.base_url, api_key)
            if constraint is not None:
                endpoint = replace(endpoint, constraint=constraint)
            with CompletionCache(tmp_path / f"{store}.sqlite") as votes:
                async with open_client(endpoint, connections=64, timeout=timeout) as client:
                    engine = Engine(client, endpoint, votes, Policy(**policy))
                    running = asyncio.ensure_future(engine.run(program, questions, on_outcome, on_prompts=on_prompts))
                    if cancel_after is not None:
                        await asyncio.to_thread(server.wait_for, cancel_after)
                        running.cancel()
                    try:
                        return Ran(await running, engine.api_calls)
                    finally:
                        await votes.drain()

        return asyncio.run(go())

    return run


@pytest.fixture
def make_program() -> Callable[..., PromptProgram]:
    """Make a direct, greedy zero-shot program; keywords replace its fields."""

    def make(**fields: Any) -> PromptProgram:
        values: dict[str, Any] = {
            "strategy": "zero-shot",
            "instructions": "Answer.",
            "template": CHAT,
            "reasoning": False,
            "decode": SamplingParams(max_tokens=32),
        }
        return PromptProgram(**{**values, **fields})

    return make


@pytest.fixture
def make_question() -> Callable[..., Question]:
    """Make a valid invented question; keywords replace its fields."""

    def make(number: int = 0, **fields: Any) -> Question:
        values: dict[str, Any] = {
            "id": f"q{number}",
            "benchmark": "invented",
            "split": "dev",
            "question": f"Which organ has number {number} on the chart?",
            "options": {"A": "Heart", "B": "Liver", "C": "Spleen", "D": "Kidney"},
            "answer": "B",
        }
        return Question(**{**values, **fields})

    return make


class MemoizingEmbedder:
    """An embedder that computes each text's vector once."""

    def __init__(self, inner: SentenceEmbedder) -> None:
        self.inner = inner
        self._vectors: dict[str, Vectors] = {}

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def fingerprint(self) -> str:
        return self.inner.fingerprint

    @property
    def batch_size(self) -> int:
        return self.inner.batch_size

    def encode(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self.inner.encode(new), strict=True))
        return np.stack([self._vectors[text] for text in texts])


@pytest.fixture(scope="session")
def minilm() -> SentenceEmbedder:
    """The offline default embedder, loaded once for all tests."""
    return find_embedder()


@pytest.fixture(scope="session")
def embedder(minilm: SentenceEmbedder) -> MemoizingEmbedder:
    """The offline default embedder, which computes each text once in all tests."""
    return MemoizingEmbedder(minilm)


@pytest.fixture(scope="session")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of embedded pools, shared by tests that do not test embedding, in all workers of pytest-xdist."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "vectors"


@pytest.fixture(scope="session")
def sample() -> Callable[[str, str], list[Question]]:
    """Load the embedded sample's questions by benchmark and split."""

    def load(benchmark: str, split: str) -> list[Question]:
        return load_split(benchmark, split, "sample")

    return load


@pytest.fixture
def ready(
    sample: Callable[[str, str], list[Question]], embedder: Embedder, vectors: Path
) -> Callable[..., Strategy | MajorityEnsemble]:
    """Make the strategy of a name, with exemplars from the pool of a benchmark."""

    def make(
        name: str, benchmark: str, template: Template = CHAT, embedder: Embedder = embedder
    ) -> Strategy | MajorityEnsemble:
        if name == MajorityEnsemble.name:
            return MajorityEnsemble(make("knn-cot", benchmark, template, embedder), votes=3, seed=11)
        strategy = STRATEGY_CLASSES[name](template, seed=11)
        pool = [exemplar_from_explanation(q) or Exemplar(q) for q in sample(benchmark, "pool")]
        if not strategy.reasoning:
            pool = [exemplar.without_rationale() for exemplar in pool]
        pool = [exemplar.with_letter_refs() for exemplar in pool]
        if isinstance(strategy, KNNStrategy):
            index = build_index([exemplar.question for exemplar in pool], embedder, vectors)
            strategy.nearest = KNNExemplars(index, tuple(pool), EXEMPLARS_SHOWN)
        elif name.startswith("few-shot"):
            strategy.show(pool[:EXEMPLARS_SHOWN])
        return strategy

    return make
