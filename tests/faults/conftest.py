"""Fixtures of the fault tests."""

from collections.abc import Iterator

import pytest
from faulty_server import FaultyServer


@pytest.fixture
def faulty() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        yield server
