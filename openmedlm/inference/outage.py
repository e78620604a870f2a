"""Detection of an endpoint that fails as a whole."""

from openmedlm.inference.errors import EndpointDownError, EndpointError
from openmedlm.inference.request import Request

OUTAGE_SECONDS = 10.0
"""Seconds without any response after which an endpoint counts as down; a restart may take less."""

MIN_FAILED_REQUESTS = 5
"""Failed requests before an endpoint counts as down; fewer may be errors of the requests."""

MIN_FAILED_RESPONSES = 50
"""Errors inside responses with HTTP 200 before an endpoint counts as down: it responds, and only its backend fails."""

MIN_KEY_FAILURES = 5
"""Refusals of the key in a row after which a key that worked before counts as revoked."""

_NO_ACCESS_STATUSES = (401, 403, 404)
"""A wrong key or model: every other request would be refused, too."""


class OutageDetector:
    """Distinguishes failures of single requests from failures of the endpoint."""

    def __init__(self) -> None:
        self.has_answered = False
        """True once the endpoint, or the cache for it, has returned a completion."""
        self._failing_since: float | None = None
        self._failing_requests: set[int] = set()
        self._connection_errors = 0
        self._final_failures = 0
        self._failed_responses = 0
        self._has_responded = False
        self._key_failures = 0

    def record_success(self) -> None:
        """Record a response to a request."""
        self.has_answered = self._has_responded = True
        self._key_failures = 0
        if self._failing_since is not None:
            self._failing_since = None
            self._failing_requests.clear()
            self._connection_errors = 0

    def record_transient_failure(self, now: float, request: Request, error: EndpointError) -> None:
        """Record a transient failure other than a rate limit.

        A single request that always fails is an error of that request. Several requests, or connections that cannot
        be made, are an error of the endpoint.

        Args:
            now: Current time in seconds of a monotonic clock.
            request: Failed request.
            error: Its error.

        Raises:
            EndpointDownError: Nothing else has happened for `OUTAGE_SECONDS`.
        """
        self._failing_since = now if self._failing_since is None else self._failing_since
        self._failing_requests.add(id(request))
        self._connection_errors += error.failure == "connection"
        failures = max(len(self._failing_requests), self._connection_errors)
        seconds = now - self._failing_since
        if failures >= MIN_FAILED_REQUESTS and seconds >= OUTAGE_SECONDS:
            raise EndpointDownError(
                f"{error} (no response for {seconds:.0f} s). Completions received so far are cached; rerun the command "
                "to resume."
            )

    def record_final_failure(self, error: EndpointError) -> bool:
        """Record a request that failed for good, and return whether the endpoint is down.

        It is down if the quota of the key is spent, if it refuses a key that it has not accepted before, or if no
        request was ever answered and it denies access, or `MIN_FAILED_REQUESTS` have failed.
        """
        if error.cause == "quota":
            return True
        if error.cause == "key":
            self._key_failures += 1
            return not self._has_responded or self._key_failures >= MIN_KEY_FAILURES
        if error.in_response and error.transient:
            self._failed_responses += 1
            return self._failed_responses >= MIN_FAILED_RESPONSES and not self.has_answered
        self._final_failures += 1
        refuses_all = error.status in _NO_ACCESS_STATUSES or self._final_failures >= MIN_FAILED_REQUESTS
        return refuses_all and not self.has_answered
