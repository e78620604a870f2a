"""Fixtures that all tests share."""

from collections.abc import Iterator
from pathlib import Path

import environment  # noqa: F401
import pytest
from hypothesis import settings
from postgres_server import PostgresServer

from openmedlm.local_models import CATALOGUE, weights

settings.register_profile("whenever", deadline=None)  # a busy machine is no failure
settings.load_profile("whenever")


@pytest.fixture(scope="session")
def smollm() -> Path:
    """The weights of the smallest embedded model, fetched where they are not in the cache yet."""
    return weights(CATALOGUE["smollm2-135m"])


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server; `new_database` gives a test one of its own."""
    with PostgresServer() as server:
        yield server
