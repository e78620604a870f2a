"""Pools that tests compile strategies on."""

from collections.abc import Callable
from pathlib import Path

import dspy
import pytest

from openmedlm.data import Question, load_split
from openmedlm.programs.convert import to_demos
from openmedlm.programs.retrieval import SentenceEmbedder, find_embedder


@pytest.fixture(scope="session")
def sample() -> Callable[[str, str], list[Question]]:
    """Load questions of the embedded sample by benchmark and split."""

    def load(benchmark: str, split: str) -> list[Question]:
        return load_split(benchmark, split, "sample")

    return load


@pytest.fixture
def trainset(sample: Callable[[str, str], list[Question]]) -> Callable[[str], list[dspy.Example]]:
    """Make a DSPy trainset of a benchmark's pool, with the benchmark's own rationales."""

    def make(benchmark: str) -> list[dspy.Example]:
        return to_demos(sample(benchmark, "pool"))

    return make


@pytest.fixture(scope="session")
def minilm() -> SentenceEmbedder:
    """The offline default, loaded once for all tests."""
    return find_embedder()


@pytest.fixture(scope="session")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Embedded pools, shared by all tests."""
    return tmp_path_factory.mktemp("vectors")
