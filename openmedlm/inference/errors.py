"""Errors of calls to an endpoint."""

from openmedlm.metrics import Failure


class EndpointError(Exception):
    """Failure of one call.

    Attributes:
        failure: Kind of failure.
        status: HTTP status; None if no response arrived.
        transient: Whether the same call may succeed later.
        retry_after: Seconds that the endpoint asked to wait; None if it did not ask.
        refused_parameter: Name of the request field that the endpoint refuses; None if it named none.
    """

    def __init__(
        self,
        message: str,
        *,
        failure: Failure = "http",
        status: int | None = None,
        transient: bool = False,
        retry_after: float | None = None,
        refused_parameter: str | None = None,
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.status = status
        self.transient = transient
        self.retry_after = retry_after
        self.refused_parameter = refused_parameter


class EndpointDownError(Exception):
    """Failure of the endpoint itself: every further call would fail in the same way."""
