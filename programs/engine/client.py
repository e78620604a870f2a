"""What the engine needs of an endpoint: completions for one request."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from programs.engine.endpoint import Endpoint
from programs.engine.request import Completion, Request


class Client(Protocol):
    """Sends a request once; retrying is the engine's business."""

    async def check(self) -> None:
        """Tells whether the endpoint answers at all, before many calls find out one by one.

        Raises:
            EndpointDownError: it does not.
        """

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        """Completions of the request, one at least; fewer than `count` where the endpoint gives no more at once.

        Raises:
            EndpointError: the endpoint refused, failed, or did not answer in time.
        """


@asynccontextmanager
async def open_client(endpoint: Endpoint, connections: int, timeout: float) -> AsyncIterator[Client]:
    """The client that speaks to an endpoint: straight HTTP where it is OpenAI-compatible, litellm elsewhere.

    Args:
        endpoint: from `connect`.
        connections: requests in flight at once, at most.
        timeout: seconds that one request may take.
    """
    if endpoint.direct:
        from programs.engine.http_client import HttpClient

        async with HttpClient(endpoint, connections, timeout) as client:
            yield client
    else:
        from programs.engine.litellm_client import LitellmClient

        yield LitellmClient(endpoint, timeout)
