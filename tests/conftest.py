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

SLOWEST = (
    "test_tune_killed.py",
    "test_ray.py",
    "test_tune.py",
    "test_lm_eval.py",
    "test_report_page.py",
    "test_stopping.py",
    "test_tune_budget.py",
    "test_same_bytes.py",
    "test_hub_revision.py",
    "test_real_model.py",
)
"""Slowest files, slowest first. They start first, so that no worker ends long after the others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: number for number, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(SLOWEST)))


@pytest.fixture(scope="session")
def smollm() -> Path:
    """The weights of the smallest embedded model, fetched where they are not in the cache yet."""
    return weights(CATALOGUE["smollm2-135m"])


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server; `new_database` gives a test one of its own."""
    with PostgresServer() as server:
        yield server
