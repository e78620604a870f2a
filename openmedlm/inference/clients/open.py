"""Client of an endpoint."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from openmedlm.inference.clients.base import Client
from openmedlm.inference.endpoint import Endpoint


@asynccontextmanager
async def open_client(endpoint: Endpoint, connections: int, timeout: float) -> AsyncIterator[Client]:
    """Open the client of an endpoint or its replicas: plain HTTP if it is OpenAI-compatible, litellm otherwise.

    Args:
        endpoint: Endpoint from `connect`.
        connections: Maximum number of requests in flight.
        timeout: Maximum seconds of one request.
    """
    if not endpoint.direct:
        from openmedlm.inference.clients.litellm import LitellmClient

        yield LitellmClient(endpoint, timeout)
        return
    from openmedlm.inference.clients.http import HttpClient

    async with AsyncExitStack() as stack:
        clients: list[tuple[str, Client]] = []
        for address in endpoint.replicas or (endpoint.base_url,):
            client = HttpClient(replace(endpoint, base_url=address), connections, timeout)
            clients.append((str(address), await stack.enter_async_context(client)))
        if len(clients) == 1:
            yield clients[0][1]
        else:
            from openmedlm.inference.clients.replicas import Replicas

            yield Replicas(clients)
