"""Fast embedder, for tests of the code around embedders."""

from collections.abc import Callable

import pytest
from hashing_embedder import Hashing


@pytest.fixture
def make_embedder() -> Callable[..., Hashing]:
    return Hashing
