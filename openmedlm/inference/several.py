"""Number of completions that one request may ask for, learned from the responses."""

import re

from openmedlm.inference.errors import EndpointError

MAX_SUSPICIONS = 3
"""Failures in a row that end requests for several completions, if each might also be a failure of the server."""

_NAMES_N = re.compile(
    r"\bn\b ?(?:[<>=!]|must|is|should|param|value|not|greater)|['\"`]n['\"`]|: ?n\b|num_return_sequences|best_of"
    r"|multiple (?:completions|choices|generations)|(?:only|just) (?:one|1|a single) (?:completion|choice)",
    re.IGNORECASE,
)


class CompletionsPerRequest:
    """Largest number of completions per request that an endpoint gives.

    Attributes:
        limit: Maximum number per request.
        accepted: Largest number that the endpoint has given.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.accepted = 1
        self._suspicions = 0

    def record_response(self, asked: int, received: int) -> None:
        """Record the number of completions in a response; an endpoint that ignores `n` gives one."""
        self.accepted = max(self.accepted, min(asked, received))
        self._suspicions = 0
        if received < asked:
            self.limit = self.accepted

    def may_be_refused(self, asked: int, error: EndpointError) -> bool:
        """Return whether a request may have failed because it asked for several completions."""
        refused = error.failure in ("http", "malformed") and error.status != 429 and error.cause is None
        return asked > self.accepted and refused

    def record_refusal(self, error: EndpointError) -> None:
        """Record that a request for several failed, and that one for a single of its completions succeeded."""
        self._suspicions += MAX_SUSPICIONS if not error.transient or _NAMES_N.search(str(error)) else 1
        if self._suspicions >= MAX_SUSPICIONS:
            self.limit = self.accepted
