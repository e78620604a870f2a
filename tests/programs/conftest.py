"""Fixtures of tests that run programs."""

from lm_fixture import lm  # noqa: F401
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
