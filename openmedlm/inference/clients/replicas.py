"""Several endpoints that serve one model, as one client."""

import asyncio
import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from openmedlm.inference.clients.base import Client
from openmedlm.inference.errors import EndpointDownError, EndpointError
from openmedlm.inference.request import Completion, Request

SLACK = 0.25
"""Share by which a replica may be busier than all are on average, before a question's votes go elsewhere."""

TRIPS = 3
"""Failures in a row after which a replica is left alone for a while."""

REFUSALS = (401, 403, 404)
"""Statuses by which a replica says that it serves another model, or other users, whatever it is asked."""

SHORTEST, LONGEST = 1.0, 60.0
"""Seconds for which it is left alone: at first, and at most; each failure after that doubles them."""


@dataclass(eq=False)
class _Replica:
    """One of them.

    Attributes:
        name: its address, which settles the questions that it is the first choice for.
        load: completions that it is asked for just now.
        failures: in a row; those that come while it is left alone anyway do not count.
        left_until: when it may be asked again, in seconds of a clock that only goes forward.
        refused: whether the last word of it was a refusal of everything.
    """

    name: str
    client: Client
    load: int = 0
    failures: int = 0
    left_until: float = 0.0
    refused: bool = False

    def failed(self, error: EndpointError, now: float) -> None:
        """A request came to nothing."""
        if error.status in (429, 503):  # it is well, and busy
            self.left_until = max(self.left_until, now + min(error.retry_after or SHORTEST, LONGEST))
            return
        self.refused = error.status in REFUSALS
        if now < self.left_until:
            return
        self.failures += 1
        if self.failures >= TRIPS or error.failure == "connection" or self.refused:
            seconds = SHORTEST * 2.0 ** min(self.failures - 1, 10)
            self.left_until = now + min(seconds, LONGEST)

    def answered(self) -> None:
        self.failures = 0
        self.left_until = 0.0
        self.refused = False


class Replicas:
    """Sends each request to one of several endpoints of the same model.

    The votes of a question go to one replica, so that its prefix cache serves them: to the first in the order of a hash
    of question and address that is not more than `SLACK` busier than the average (rendezvous hashing, Thaler and
    Ravishankar 1998, with bounded loads, Mirrokni et al. 2018). One that fails is left alone, longer each time, and
    then tried with a single request.

    Args:
        clients: by the address that each speaks to.
        clock: seconds, only ever going forward.
    """

    def __init__(self, clients: Sequence[tuple[str, Client]], clock: Callable[[], float] = time.monotonic) -> None:
        self._replicas = [_Replica(name, client) for name, client in clients]
        self._clock = clock

    async def check(self) -> None:
        """As `Client.check`; those that do not answer are left alone as long as one does."""
        checks = (replica.client.check() for replica in self._replicas)
        found = await asyncio.gather(*checks, return_exceptions=True)
        down = [error for error in found if error is not None]
        for error in down:
            if not isinstance(error, EndpointDownError):
                raise error
        if len(down) == len(self._replicas):
            raise down[0]
        for replica, missed in zip(self._replicas, found, strict=True):
            if missed is not None:
                replica.failed(EndpointError(str(missed), failure="connection"), self._clock())

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        """As `Client.complete`; what one refuses is asked of the others, and is a fault of the request where all do."""
        refusals: list[tuple[_Replica, EndpointError]] = []
        while (replica := self._of(request, [each for each, _ in refusals])) is not None:
            replica.load += count
            try:
                completions = await replica.client.complete(request, count)
            except EndpointError as error:
                if error.transient:
                    replica.failed(error, self._clock())
                if error.transient or error.status not in REFUSALS:
                    raise
                refusals.append((replica, error))
            else:
                replica.answered()
                for other, refusal in refusals:
                    other.failed(refusal, self._clock())
                return completions
            finally:
                replica.load -= count
        refused = [each for each, _ in refusals]
        first = refusals[0][1]
        if all(each in refused or each.refused for each in self._replicas):
            raise first
        raise EndpointError(str(first), failure=first.failure, status=first.status, transient=True) from first

    def _of(self, request: Request, without: Sequence[_Replica]) -> _Replica | None:
        """The replica for a request; None where there is none but those that it goes without."""
        now = self._clock()
        well = [each for each in self._replicas if each not in without and self._may_be_asked(each, now)]
        if not well:  # all fail: the engine finds out from whichever is due first
            return None if without else min(self._replicas, key=lambda replica: (replica.left_until, replica.load))
        room = math.ceil((1 + SLACK) * (sum(replica.load for replica in well) + 1) / len(well))
        ranked = sorted(well, key=lambda replica: _rank(request.question, replica.name))
        return next(replica for replica in ranked if replica.load < room)

    @staticmethod
    def _may_be_asked(replica: _Replica, now: float) -> bool:
        """Whether it is well, or may show with one request that it is well again."""
        if not replica.left_until:
            return True
        return now >= replica.left_until and (replica.load == 0 or replica.failures == 0)


def _rank(question: str, name: str) -> bytes:
    return hashlib.blake2b(f"{question}\n{name}".encode(), digest_size=8).digest()
