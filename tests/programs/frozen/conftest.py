"""Fixture that freezes programs over the embedded sample."""

from collections.abc import Callable
from pathlib import Path

import pytest

from openmedlm.data import Question
from openmedlm.programs import PromptProgram
from openmedlm.programs.frozen import DataSource, FrozenProgram, ProgramMetadata, freeze_program

FACTS = ProgramMetadata(model="hosted_vllm/small", benchmark="mmlu", pool=None, dev=None)
POOL = DataSource(benchmark="mmlu", split="pool", source="sample", count=24, sha256="0" * 64)


@pytest.fixture
def frozen(tmp_path: Path, sample: Callable[[str, str], list[Question]]) -> Callable[..., FrozenProgram]:
    """Freeze a program with two golden questions of a benchmark of the sample."""

    def make(program: PromptProgram, name: str = "program", benchmark: str = "mmlu") -> FrozenProgram:
        return freeze_program(program, tmp_path / name, FACTS, sample(benchmark, "dev")[:2])

    return make
