"""Rules for the calls of an engine: concurrency, retries, unparsed votes, early stopping."""

from dataclasses import dataclass
from typing import Literal

OnUnparsed = Literal["resample", "constrain", "skip"]
"""Treatment of a vote without a parsed answer.

`resample` requests another completion, as the OpenMedLM authors' code does. `constrain` requests an option letter in a
follow-up request. `skip` leaves the vote unanswered.
"""


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules for the calls of an engine.

    Attributes:
        concurrency: Maximum number of requests in flight.
        on_unparsed: Treatment of an unparsed vote.
        max_resamples: Maximum number of further completions of one vote if `on_unparsed` is `resample`.
        max_retries: Maximum number of retries of one request after transient errors.
        all_votes: Request all votes, even after the majority is decided.

    Example:
        >>> Policy(concurrency=32, on_unparsed="skip").max_retries
        5
    """

    concurrency: int = 8
    on_unparsed: OnUnparsed = "resample"
    max_resamples: int = 4
    max_retries: int = 5
    all_votes: bool = False
