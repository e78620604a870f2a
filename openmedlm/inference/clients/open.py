"""Client of an endpoint."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from openmedlm.inference.clients.adapting import AdaptingClient
from openmedlm.inference.clients.base import Client
from openmedlm.inference.clients.waiting import LoadingWait, WaitingClient
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.notices import Notices


@asynccontextmanager
async def open_client(
    endpoint: Endpoint,
    connections: int,
    timeout: float,
    notices: Notices | None = None,
    wait: LoadingWait | None = None,
) -> AsyncIterator[AdaptingClient]:
    """Open the client of an endpoint or its replicas: plain HTTP if it is OpenAI-compatible, litellm otherwise.

    Args:
        endpoint: Endpoint from `connect`.
        connections: Maximum number of requests in flight.
        timeout: Maximum seconds of one request.
        notices: Receives notices about the endpoint, such as a parameter that it refuses.
        wait: Time that the endpoint may take to load its model; None for none.
    """
    notices = notices or Notices()
    async with AsyncExitStack() as stack:
        client = await _open_client(endpoint, connections, timeout, notices, stack)
        if wait is not None:
            client = WaitingClient(client, wait, notices)
        yield AdaptingClient(client, endpoint, notices)


async def _open_client(
    endpoint: Endpoint, connections: int, timeout: float, notices: Notices, stack: AsyncExitStack
) -> Client:
    if not endpoint.direct:
        from openmedlm.inference.clients.litellm import LitellmClient

        return LitellmClient(endpoint, timeout, notices)
    from openmedlm.inference.clients.http import HttpClient

    clients: list[tuple[str, Client]] = []
    for address in endpoint.replicas or (endpoint.base_url,):
        client = HttpClient(replace(endpoint, base_url=address), connections, timeout, notices)
        clients.append((str(address), await stack.enter_async_context(client)))
    if len(clients) == 1:
        return clients[0][1]
    from openmedlm.inference.clients.replicas import Replicas

    return Replicas(clients)
