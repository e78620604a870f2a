"""How an engine spends calls."""

from dataclasses import dataclass
from typing import Literal

OnUnparsed = Literal["resample", "constrain", "skip"]
"""Treatment of a vote without a parsed answer.

`resample` requests another completion, as the OpenMedLM authors' code does. `constrain` requests an option letter in a
follow-up request. `skip` leaves the vote unanswered.
"""


@dataclass(frozen=True, slots=True)
class Policy:
    """How an engine spends calls.

    Attributes:
        concurrency: requests in flight at once, at most.
        on_unparsed: treatment of an unparsed vote.
        max_resamples: further completions of one vote, at most, where `on_unparsed` is `resample`.
        max_retries: further tries of one request, at most, while its failure may be transient.
        all_votes: whether votes are requested that can no longer change the majority.
    """

    concurrency: int = 8
    on_unparsed: OnUnparsed = "resample"
    max_resamples: int = 4
    max_retries: int = 5
    all_votes: bool = False
