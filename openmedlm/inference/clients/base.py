"""Interface of clients."""

from collections.abc import Sequence
from typing import Protocol

from openmedlm.inference.request import Completion, Request


class Client(Protocol):
    """Sends a request once; retries are up to the caller."""

    async def check(self) -> None:
        """Check that the endpoint responds, before many requests fail one by one.

        Raises:
            EndpointDownError: The endpoint does not respond.
        """

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        """Return completions of the request: at least one, at most `count`.

        Raises:
            EndpointError: The endpoint refused, failed, or did not respond in time.
        """
