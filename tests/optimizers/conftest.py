"""Pools that tests compile strategies on."""

from collections.abc import Callable

import dspy
import pytest
from program_fixtures import minilm, sample, vectors  # noqa: F401

from openmedlm.data import Question
from openmedlm.programs.convert import to_demos


@pytest.fixture
def trainset(sample: Callable[[str, str], list[Question]]) -> Callable[[str], list[dspy.Example]]:  # noqa: F811
    """Make a DSPy trainset of a benchmark's pool, with the benchmark's own rationales."""

    def make(benchmark: str) -> list[dspy.Example]:
        return to_demos(sample(benchmark, "pool"))

    return make
