from collections.abc import Callable

import pytest

from openmedlm.metrics.answer_parsing import parse_answer

DRUGS = {"A": "Aspirin", "B": "Heparin", "C": "Warfarin", "D": "Alteplase"}


@pytest.fixture
def letter() -> Callable[..., str | None]:
    """Return a function that parses a completion about four drugs, or about other options."""

    def parse(completion: str, options: dict[str, str] | None = None) -> str | None:
        return parse_answer(completion, options or DRUGS).letter

    return parse
