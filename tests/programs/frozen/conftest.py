"""Fixtures that freeze programs over the embedded sample, and load their embedder once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from openmedlm.data import Question
from openmedlm.programs import PromptProgram
from openmedlm.programs.frozen import DataSource, FrozenProgram, ProgramMetadata, freeze_program
from openmedlm.programs.retrieval import Embedder, SentenceEmbedder, find_embedder
from openmedlm.programs.retrieval.registry import DEFAULT_EMBEDDER

FACTS = ProgramMetadata(model="hosted_vllm/small", benchmark="mmlu", pool=None, dev=None)
POOL = DataSource(benchmark="mmlu", split="pool", source="sample", count=24, sha256="0" * 64)


@pytest.fixture(autouse=True)
def default_embedder_is_loaded(minilm: SentenceEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all frozen programs share the model of the default embedder; it computes their vectors again."""

    def find(name: str) -> Embedder:
        return minilm if name == DEFAULT_EMBEDDER else find_embedder(name)

    monkeypatch.setattr("openmedlm.programs.frozen.pinned_embedder.find_embedder", find)


@pytest.fixture
def frozen(tmp_path: Path, sample: Callable[[str, str], list[Question]]) -> Callable[..., FrozenProgram]:
    """Freeze a program with two golden questions of a benchmark of the sample."""

    def make(program: PromptProgram, name: str = "program", benchmark: str = "mmlu") -> FrozenProgram:
        return freeze_program(program, tmp_path / name, FACTS, sample(benchmark, "dev")[:2])

    return make
