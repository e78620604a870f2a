"""How an endpoint can fail."""

from openmedlm.metrics import Failure


class EndpointError(Exception):
    """A call that the endpoint did not answer.

    Attributes:
        failure: what kind of failure it was.
        status: the HTTP status; None where no response came.
        transient: whether the same call may go through later.
        retry_after: seconds that the endpoint asked to wait, where it did.
    """

    def __init__(
        self,
        message: str,
        *,
        failure: Failure = "http",
        status: int | None = None,
        transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.status = status
        self.transient = transient
        self.retry_after = retry_after


class EndpointDownError(Exception):
    """The endpoint fails whatever it is asked, so that asking on would only repeat it."""
