"""Client that distributes requests over replicas of one model."""

import asyncio
import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from openmedlm.inference.clients.base import Client
from openmedlm.inference.clients.model_list import ModelList
from openmedlm.inference.errors import EndpointDownError, EndpointError
from openmedlm.inference.request import Completion, Request

MAX_LOAD_EXCESS = 0.25
"""Share by which a replica's load may exceed the average before requests go to another replica."""

MIN_FAILURES = 3
"""Consecutive failures after which a replica gets no requests for a while."""

REFUSAL_STATUSES = (401, 403, 404)
"""Statuses of a replica that serves another model or other users: it refuses every request."""

MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 1.0, 60.0
"""First and longest pause of a failing replica; each further failure doubles it."""


@dataclass(eq=False)
class _Replica:
    """State of one replica.

    Attributes:
        name: Its address, which decides the questions that prefer it.
        load: Completions in flight.
        failures: Consecutive failures; those during a pause do not count.
        paused_until: End of its pause, in seconds of a monotonic clock; 0 for no pause.
        refused: Whether its last response was a refusal of every request.
    """

    name: str
    client: Client
    load: int = 0
    failures: int = 0
    paused_until: float = 0.0
    refused: bool = False

    def record_failure(self, error: EndpointError, now: float) -> None:
        if error.status in (429, 503):  # it is overloaded, not broken
            pause = min(error.retry_after or MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS)
            self.paused_until = max(self.paused_until, now + pause)
            return
        self.refused = error.status in REFUSAL_STATUSES
        if now < self.paused_until:
            return
        self.failures += 1
        if self.failures >= MIN_FAILURES or error.failure == "connection" or self.refused:
            seconds = MIN_PAUSE_SECONDS * 2.0 ** min(self.failures - 1, 10)
            self.paused_until = now + min(seconds, MAX_PAUSE_SECONDS)

    def record_success(self) -> None:
        self.failures = 0
        self.paused_until = 0.0
        self.refused = False

    def is_available(self, now: float) -> bool:
        """Return whether it is not paused, or may try a single request after its pause."""
        if not self.paused_until:
            return True
        return now >= self.paused_until and (self.load == 0 or self.failures == 0)


class Replicas:
    """Sends each request to one of several endpoints of the same model.

    The votes of a question go to the same replica, whose prefix cache then serves them: the first one in the order of
    a hash of question and address whose load exceeds the average by at most `MAX_LOAD_EXCESS` (rendezvous hashing,
    Thaler and Ravishankar 1998, with bounded loads, Mirrokni et al. 2018). A failing replica is paused, longer each
    time, and then tried with a single request.

    Args:
        clients: Address and client of each replica.
        clock: Seconds of a monotonic clock.
    """

    def __init__(self, clients: Sequence[tuple[str, Client]], clock: Callable[[], float] = time.monotonic) -> None:
        self._replicas = [_Replica(name, client) for name, client in clients]
        self._clock = clock

    @property
    def models(self) -> ModelList:
        """Models that the first replica with a list has."""
        lists = (replica.client.models for replica in self._replicas)
        return next((models for models in lists if models.names), ModelList())

    async def check(self) -> None:
        """See `Client.check`; silent replicas are paused as long as one responds."""
        checks = (replica.client.check() for replica in self._replicas)
        results = await asyncio.gather(*checks, return_exceptions=True)
        errors = [error for error in results if error is not None]
        for error in errors:
            if not isinstance(error, EndpointDownError):
                raise error
        if len(errors) == len(self._replicas):
            raise errors[0]
        for replica, result in zip(self._replicas, results, strict=True):
            if result is not None:
                replica.record_failure(EndpointError(str(result), failure="connection"), self._clock())

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        """See `Client.complete`; a refused request goes to the other replicas, and fails if all refuse it."""
        refusals: list[tuple[_Replica, EndpointError]] = []
        while (replica := self._choose(request, [each for each, _ in refusals])) is not None:
            replica.load += count
            try:
                completions = await replica.client.complete(request, count)
            except EndpointDownError as error:
                failed = EndpointError(str(error), failure="connection", transient=True)
                replica.record_failure(failed, self._clock())
                raise failed from error
            except EndpointError as error:
                if error.transient:
                    replica.record_failure(error, self._clock())
                if error.transient or error.status not in REFUSAL_STATUSES:
                    raise
                refusals.append((replica, error))
            else:
                replica.record_success()
                for other, refusal in refusals:
                    other.record_failure(refusal, self._clock())
                return completions
            finally:
                replica.load -= count
        refused = [each for each, _ in refusals]
        first = refusals[0][1]
        if all(each in refused or each.refused for each in self._replicas):
            raise first
        raise EndpointError(str(first), failure=first.failure, status=first.status, transient=True) from first

    def _choose(self, request: Request, excluded: Sequence[_Replica]) -> _Replica | None:
        """Return the replica for a request; None if only excluded ones are available."""
        now = self._clock()
        available = [each for each in self._replicas if each not in excluded and each.is_available(now)]
        if not available:  # all are paused: try the one whose pause ends first
            return None if excluded else min(self._replicas, key=lambda replica: (replica.paused_until, replica.load))
        total_load = sum(replica.load for replica in available)
        max_load = math.ceil((1 + MAX_LOAD_EXCESS) * (total_load + 1) / len(available))
        ranked = sorted(available, key=lambda replica: _rank(request.question, replica.name))
        return next(replica for replica in ranked if replica.load < max_load)


def _rank(question: str, name: str) -> bytes:
    return hashlib.blake2b(f"{question}\n{name}".encode(), digest_size=8).digest()
