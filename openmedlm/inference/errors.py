"""Errors of calls to an endpoint."""

from typing import Any, Literal

from openmedlm.metrics import Failure

Cause = Literal["key", "quota", "loading", "context"]
"""Cause of a refusal: a wrong or missing key, a spent quota or budget, a model that is not loaded yet, or a request
longer than the model's context."""

FAILED_FINISH_REASONS = ("error", "abort")
"""Finish reasons of a completion that the endpoint could not finish; it is an error, not an answer."""


class EndpointError(Exception):
    """Failure of one call.

    Attributes:
        failure: Kind of failure.
        status: HTTP status, or the status inside an error that came with HTTP 200; None if there is none.
        transient: Whether the same call may succeed later.
        retry_after: Seconds that the endpoint asked to wait; None if it did not ask.
        cause: Cause of the failure; None if it is not known.
        in_response: Whether the error came inside a response with HTTP 200, so that the endpoint itself works.
        body: Body of the response.
        refused_parameter: Parameter without which the request has no use, and which the endpoint refuses.
    """

    def __init__(
        self,
        message: str,
        *,
        failure: Failure = "http",
        status: int | None = None,
        transient: bool = False,
        retry_after: float | None = None,
        cause: Cause | None = None,
        in_response: bool = False,
        body: Any = None,
        refused_parameter: str | None = None,
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.status = status
        self.transient = transient
        self.retry_after = retry_after
        self.cause = cause
        self.in_response = in_response
        self.body = body
        self.refused_parameter = refused_parameter


class EndpointDownError(Exception):
    """Failure of the endpoint itself: every further call would fail in the same way."""


class ConnectionRefused(EndpointDownError):
    """No server listens at the address of the endpoint."""
