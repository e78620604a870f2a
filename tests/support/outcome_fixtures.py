"""Fixtures: outcomes, votes, and recorded completions."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from openmedlm.metrics.outcome import Outcome, Vote


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Return the file of recorded completions; skip the test if it is missing."""
    folder = Path(os.environ.get("OPENMEDLM_SHARED") or Path(__file__).parents[3] / "shared" / "data")
    path = folder / "recorded" / "completions.jsonl"
    if not path.is_file():
        pytest.skip(f"no recorded completions at {path}; set OPENMEDLM_SHARED to a folder that has them")
    return path


@pytest.fixture
def make_outcome() -> Callable[..., Outcome]:
    """Return a function that makes an outcome, correct by default."""

    def make(answer: str | None = "A", gold: str = "A", subject: str | None = None, **fields: object) -> Outcome:
        return Outcome(question_id="q", benchmark="mine", subject=subject, gold=gold, answer=answer, **fields)  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_vote() -> Callable[..., Vote]:
    """Return a function that makes a vote, for letter A by default."""

    def make(**fields: object) -> Vote:
        return Vote(**({"sample": 0, "letter": "A", "rule": "lone letter", "text": "A"} | fields))  # type: ignore[arg-type]

    return make
