"""Interface of clients."""

from collections.abc import Sequence
from typing import Protocol

from openmedlm.inference.clients.model_list import ModelList
from openmedlm.inference.request import Completion, Request


class Client(Protocol):
    """Sends a request once; retries are up to the caller.

    Attributes:
        models: Models that the endpoint lists, once `check` has read them.
    """

    @property
    def models(self) -> ModelList: ...

    async def check(self) -> None:
        """Check that the endpoint responds, before many requests fail one by one.

        Raises:
            EndpointDownError: The endpoint does not respond.
        """

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        """Return completions of the request: at least one, at most `count`.

        A completion whose finish reason is among `FAILED_FINISH_REASONS` is an error of the endpoint; at least one of
        them is none.

        Raises:
            EndpointError: The endpoint refused, failed, or did not respond in time.
            EndpointDownError: Every further request would fail in the same way.
        """
