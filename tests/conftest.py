"""What tests of every room share."""

from pathlib import Path

import pytest
from hypothesis import settings

from programs.embedded import CATALOGUE, weights

settings.register_profile("whenever", deadline=None)  # a busy machine is no failure
settings.load_profile("whenever")


@pytest.fixture(scope="session")
def smollm() -> Path:
    """The weights of the smallest embedded model, fetched where they are not in the cache yet."""
    return weights(CATALOGUE["smollm2-135m"])
