"""Fixtures of tests that run programs."""

import pytest
from program_fixtures import (  # noqa: F401
    embedder,
    make_program,
    make_question,
    make_reply,
    minilm,
    ready,
    run,
    sample,
    server,
    vectors,
)


@pytest.fixture
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries wait for milliseconds, not for seconds."""
    monkeypatch.setattr("openmedlm.inference.retry.BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr("openmedlm.inference.retry.MAX_WAIT_SECONDS", 0.01)
