import gc
from collections.abc import Callable, Iterator

import pytest

from openmedlm.metrics.answer_parsing import parse_answer

DRUGS = {"A": "Aspirin", "B": "Heparin", "C": "Warfarin", "D": "Alteplase"}


@pytest.fixture(autouse=True)
def no_garbage_collection() -> Iterator[None]:
    """Keep the collection of other tests' objects out of the measured time."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def letter() -> Callable[..., str | None]:
    """Return a function that parses a completion about four drugs, or about other options."""

    def parse(completion: str, options: dict[str, str] | None = None) -> str | None:
        return parse_answer(completion, options or DRUGS).letter

    return parse
