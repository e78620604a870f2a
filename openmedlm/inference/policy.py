"""How an engine spends calls."""

from dataclasses import dataclass
from typing import Literal

Unreadable = Literal["again", "close", "leave"]
"""What becomes of a vote that can't be read: `again` asks again, as in the OpenMedLM authors' code; `close` asks for
the letter alone, under a constraint; `leave` counts it as unanswered."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How an engine spends calls.

    Attributes:
        concurrency: requests in flight at once, at most.
        unreadable: what becomes of a vote that can't be read.
        rounds: completions bought for one vote, at most, where `unreadable` is `again`.
        attempts: how often one request is sent, at most, while the endpoint fails in ways that may pass.
        all_votes: buys votes even when they can no longer change the majority.
    """

    concurrency: int = 8
    unreadable: Unreadable = "again"
    rounds: int = 5
    attempts: int = 6
    all_votes: bool = False
