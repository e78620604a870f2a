"""Fixtures for tests on outcomes."""

from outcome_fixtures import make_outcome, make_vote, recorded  # noqa: F401
