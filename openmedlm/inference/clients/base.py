"""What the engine needs of an endpoint: completions for one request."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Protocol

from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.request import Completion, Request


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
    """The client of an endpoint, or of its replicas: straight HTTP where they are OpenAI-compatible, litellm elsewhere.

    Args:
        endpoint: from `connect`.
        connections: requests in flight at once, at most.
        timeout: seconds that one request may take.
    """
    if endpoint.direct:
        from openmedlm.inference.clients.http import HttpClient

        async with AsyncExitStack() as opened:
            addresses = endpoint.replicas or (endpoint.base_url,)
            clients: list[tuple[str, Client]] = []
            for address in addresses:
                client = HttpClient(replace(endpoint, base_url=address), connections, timeout)
                clients.append((str(address), await opened.enter_async_context(client)))
            if len(clients) == 1:
                yield clients[0][1]
            else:
                from openmedlm.inference.clients.replicas import Replicas

                yield Replicas(clients)
    else:
        from openmedlm.inference.clients.litellm import LitellmClient

        yield LitellmClient(endpoint, timeout)
