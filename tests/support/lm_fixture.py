"""Fixture of a stock DSPy language model."""

from collections.abc import Iterator
from typing import Any

import dspy
import pytest

SHOWN = 3


@pytest.fixture
def lm(server: Any) -> Iterator[dspy.LM]:
    """A stock DSPy language model that calls the server."""
    model = dspy.LM("openai/x", api_base=server.base_url, api_key="x", cache=False, num_retries=0)
    with dspy.context(lm=model):
        yield model
