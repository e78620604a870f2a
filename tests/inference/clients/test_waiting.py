"""Tests of waiting for a model that is being loaded, with a clock of their own."""

import asyncio
from collections.abc import Sequence

import pytest

from openmedlm.inference import EndpointDownError, EndpointError, LoadingWait, Notices
from openmedlm.inference.causes import make_error
from openmedlm.inference.clients.model_list import ModelList
from openmedlm.inference.clients.waiting import REPORT_SECONDS, WaitingClient
from openmedlm.inference.errors import ConnectionRefused
from openmedlm.inference.request import Completion, Request
from openmedlm.programs import SamplingParams

COMPLETION = Completion("B", "stop", 1, 1, 0, None, 0.0)
REQUEST = Request("prompt", SamplingParams(max_tokens=8))
LOADING = make_error(503, {"error": {"message": "Loading model", "code": 503}})
REFUSED = EndpointError("cannot connect", failure="connection", transient=True)


class Loading:
    """Client whose endpoint fails until a time, and whose clock only its waits move."""

    def __init__(self, error: Exception, seconds: float, answered: bool = False) -> None:
        self.models = ModelList()
        self.now = 100.0
        self.calls = 0
        self._error = error
        self._until = self.now + seconds
        self._answered = answered

    async def check(self) -> None:
        if self.now < self._until and isinstance(self._error, EndpointDownError):
            raise self._error

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        self.calls += 1
        if self._answered:
            self._answered = False
        elif self.now < self._until:
            raise self._error
        return [COMPLETION]

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def waiting(client: Loading, wait: LoadingWait, reports: list[str] | None = None) -> WaitingClient:
    notices = Notices(reports.append if reports is not None else None)
    return WaitingClient(client, wait, notices, lambda: client.now, client.sleep)


@pytest.mark.parametrize(
    "error",
    [
        LOADING,
        make_error(503, "Service Unavailable"),
        make_error(502, "<html>Bad gateway</html>"),
        make_error(504, None),
        make_error(503, {"error": "Model m is currently loading", "estimated_time": 20.0}),
        make_error(500, {"error": "llm server loading model"}),
    ],
)
def test_loading_model_is_waited_for(error: EndpointError) -> None:
    client, reports = Loading(error, 45.0), list[str]()
    waited = waiting(client, LoadingWait(600.0), reports)
    assert asyncio.run(waited.complete(REQUEST)) == [COMPLETION]
    assert [report.split(" s ")[0] for report in reports] == [
        f"waits for the model to load: {number * REPORT_SECONDS:.0f}" for number in (1, 2, 3, 4)
    ]
    assert client.calls < 45


def test_wait_that_the_server_asks_for_is_kept() -> None:
    error = make_error(503, {"error": "overloaded"}, 40.0)
    client, reports = Loading(error, 35.0), list[str]()
    asyncio.run(waiting(client, LoadingWait(600.0), reports).complete(REQUEST))
    assert (client.calls, len(reports)) == (2, 4)
    assert client.now == pytest.approx(140.0)


def test_wait_has_an_end() -> None:
    client = Loading(LOADING, 1_000.0)
    with pytest.raises(EndpointDownError, match=r"Loading model.*30 s.*--wait"):
        asyncio.run(waiting(client, LoadingWait(30.0)).complete(REQUEST))
    assert client.now == pytest.approx(130.0)


def test_no_wait_is_possible() -> None:
    client = Loading(LOADING, 1_000.0)
    with pytest.raises(EndpointDownError, match="--wait"):
        asyncio.run(waiting(client, LoadingWait(0.0)).complete(REQUEST))
    assert client.calls == 1


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_other_failure_is_raised_at_once(status: int) -> None:
    client = Loading(make_error(status, "no"), 1_000.0)
    with pytest.raises(EndpointError, match=f"HTTP {status}"):
        asyncio.run(waiting(client, LoadingWait()).complete(REQUEST))
    assert client.calls == 1


def test_overload_after_an_answer_is_no_loading() -> None:
    client = Loading(make_error(503, "busy"), 1_000.0, answered=True)
    waited = waiting(client, LoadingWait())
    asyncio.run(waited.complete(REQUEST))
    with pytest.raises(EndpointError, match="busy"):
        asyncio.run(waited.complete(REQUEST))


def test_model_that_is_loaded_again_is_waited_for() -> None:
    client = Loading(LOADING, 60.0, answered=True)
    waited = waiting(client, LoadingWait())
    for _ in range(2):
        assert asyncio.run(waited.complete(REQUEST)) == [COMPLETION]


@pytest.mark.parametrize("for_connection", [True, False])
def test_refused_connection_is_waited_for_on_demand(for_connection: bool) -> None:
    for error, call in ((ConnectionRefused("refused"), "check"), (REFUSED, "complete")):
        client = Loading(error, 20.0)
        waited = waiting(client, LoadingWait(60.0, for_connection))
        coroutine = waited.check() if call == "check" else waited.complete(REQUEST)
        if for_connection:
            asyncio.run(coroutine)
            assert client.now >= 120.0
        else:
            with pytest.raises((EndpointDownError, EndpointError)):
                asyncio.run(coroutine)
            assert client.now == 100.0
