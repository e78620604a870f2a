"""Fixtures of tests that run programs."""

from outcome_fixtures import make_outcome, make_vote, recorded  # noqa: F401
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
