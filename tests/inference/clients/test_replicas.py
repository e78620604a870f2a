"""Tests of replicas of one model."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, Reply

from openmedlm.data import Question, UserError
from openmedlm.inference import CompletionCache, Engine, Policy, find_endpoint, open_client
from openmedlm.inference.clients.replicas import MAX_LOAD_EXCESS, MAX_PAUSE_SECONDS, MIN_FAILURES, Replicas
from openmedlm.inference.errors import EndpointDownError, EndpointError
from openmedlm.inference.request import Completion, Request
from openmedlm.programs import PromptProgram, SamplingParams

COMPLETION = Completion("A", "stop", 1, 1, 0, None, 0.0)
Make = Callable[..., PromptProgram]
Ask = Callable[..., Question]


class Fake:
    """Client that records its questions, and fails or waits on demand."""

    def __init__(self) -> None:
        self.questions: list[str] = []
        self.error: EndpointError | None = None
        self.down: EndpointDownError | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def check(self) -> None:
        if self.down is not None:
            raise self.down

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        self.questions.append(request.question)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return [COMPLETION]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def request_for(question: str) -> Request:
    return Request("prompt", SamplingParams(max_tokens=8), question=question)


def make_replicas(count: int) -> tuple[list[Fake], Replicas, Clock]:
    fakes, clock = [Fake() for _ in range(count)], Clock()
    return fakes, Replicas([(f"http://{n}/v1", fake) for n, fake in enumerate(fakes)], clock), clock


async def try_complete(replicas: Replicas, question: int) -> None:
    with suppress(EndpointError):
        await replicas.complete(request_for(str(question)))


def connection_refused() -> EndpointError:
    return EndpointError("refused", failure="connection", transient=True)


def test_votes_of_a_question_go_to_one_replica() -> None:
    async def go() -> None:
        fakes, replicas, _ = make_replicas(4)
        for number in range(200):
            for _ in range(5):
                await replicas.complete(request_for(str(number)))
        assert all(count == 5 for fake in fakes for count in Counter(fake.questions).values())
        assert all(30 * 5 <= len(fake.questions) <= 70 * 5 for fake in fakes)

    asyncio.run(go())


def test_new_replica_moves_only_its_own_questions() -> None:
    async def go() -> None:
        homes: list[dict[str, int]] = []
        for count in (3, 4):
            fakes, replicas, _ = make_replicas(count)
            for number in range(200):
                await replicas.complete(request_for(str(number)))
            homes.append({question: n for n, fake in enumerate(fakes) for question in fake.questions})
        relabel = [question for question in homes[0] if homes[0][question] != homes[1][question]]
        assert {homes[1][question] for question in relabel} == {3}
        assert 30 <= len(relabel) <= 70

    asyncio.run(go())


def test_concurrent_load_is_balanced() -> None:
    async def go() -> None:
        fakes, replicas, _ = make_replicas(4)
        for fake in fakes:
            fake.gate.clear()
        tasks = [asyncio.ensure_future(replicas.complete(request_for("the same"))) for _ in range(100)]
        await asyncio.sleep(0)
        assert max(len(fake.questions) for fake in fakes) <= (1 + MAX_LOAD_EXCESS) * 100 / 4 + 1
        assert sum(len(fake.questions) for fake in fakes) == 100
        for fake in fakes:
            fake.gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(go())


def test_dead_replica_is_paused_longer_each_time() -> None:
    async def go() -> None:
        fakes, replicas, clock = make_replicas(2)
        fakes[0].error = connection_refused()
        waits = []
        for _ in range(9):
            before, count = clock.now, len(fakes[0].questions)
            while len(fakes[0].questions) == count:
                clock.now += 0.1
                for number in range(20):
                    await try_complete(replicas, number)
            assert len(fakes[0].questions) == count + 1
            waits.append(clock.now - before)
        assert waits[1:4] == pytest.approx([1, 2, 4], abs=0.3)
        assert waits[-1] == pytest.approx(MAX_PAUSE_SECONDS, abs=0.5)
        fakes[0].error = None
        clock.now += MAX_PAUSE_SECONDS
        for number in range(40):
            await replicas.complete(request_for(str(number)))
        assert len(fakes[0].questions) > 9 + 10, "it gets requests again"

    asyncio.run(go())


def test_replica_is_paused_after_several_failures() -> None:
    async def go() -> None:
        fakes, replicas, _ = make_replicas(2)
        fakes[0].error = EndpointError("HTTP 500", status=500, transient=True)
        for number in range(100):
            await try_complete(replicas, number)
        assert len(fakes[0].questions) == MIN_FAILURES

    asyncio.run(go())


def test_busy_replica_is_paused_for_retry_after() -> None:
    async def go() -> None:
        fakes, replicas, clock = make_replicas(2)
        fakes[0].error = EndpointError("HTTP 429", status=429, transient=True, retry_after=7.0)
        while not fakes[0].questions:
            await try_complete(replicas, len(fakes[1].questions))
        for moment, more in ((6.9, 0), (7.1, 1)):
            clock.now = moment
            count = len(fakes[0].questions)
            for number in range(40):
                await try_complete(replicas, number)
            assert len(fakes[0].questions) - count == more

    asyncio.run(go())


def test_concurrent_failures_count_once() -> None:
    async def go() -> None:
        fakes, replicas, clock = make_replicas(2)
        for fake in fakes:
            fake.gate.clear()
        fakes[0].error = connection_refused()
        at_once = [asyncio.ensure_future(try_complete(replicas, number)) for number in range(20)]
        await asyncio.sleep(0)
        assert len(fakes[0].questions) > 5
        for fake in fakes:
            fake.gate.set()
        await asyncio.gather(*at_once)
        count = len(fakes[0].questions)
        clock.now = 1.1
        for number in range(20):
            await try_complete(replicas, number)
        assert len(fakes[0].questions) == count + 1

    asyncio.run(go())


def test_replica_that_is_down_leaves_the_others() -> None:
    class Untrusted(Fake):
        async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
            self.questions.append(request.question)
            raise EndpointDownError("the certificate has expired")

    async def go() -> None:
        fakes = [Untrusted(), Fake()]
        replicas = Replicas([(f"https://{n}/v1", fake) for n, fake in enumerate(fakes)], Clock())
        for number in range(40):
            await try_complete(replicas, number)
        assert len(fakes[0].questions) == 1
        assert len(fakes[1].questions) == 39

    asyncio.run(go())


@pytest.mark.parametrize("status", [401, 403, 404])
def test_refusing_replica_is_paused_if_another_answers(status: int) -> None:
    async def go() -> None:
        fakes, replicas, _ = make_replicas(2)
        fakes[0].error = EndpointError("no such model", status=status)
        for number in range(40):
            await replicas.complete(request_for(str(number)))
        assert len(fakes[0].questions) == 1
        fakes[1].error = fakes[0].error
        with pytest.raises(EndpointError, match="no such model") as refused:
            await replicas.complete(request_for("0"))
        assert not refused.value.transient, "all of them refuse it"

    asyncio.run(go())


def test_request_refused_by_all_pauses_no_replica() -> None:
    async def go() -> None:
        fakes, replicas, _ = make_replicas(3)
        for fake in fakes:
            fake.error = EndpointError("flagged", status=403)
        with pytest.raises(EndpointError, match="flagged") as caught:
            await replicas.complete(request_for("flagged"))
        assert not caught.value.transient
        assert [len(fake.questions) for fake in fakes] == [1, 1, 1]
        for fake in fakes:
            fake.error = None
        for number in range(60):
            await replicas.complete(request_for(str(number)))
        assert all(len(fake.questions) > 8 for fake in fakes)

    asyncio.run(go())


def test_bad_request_pauses_no_replica() -> None:
    async def go() -> None:
        fakes, replicas, _ = make_replicas(2)
        for fake in fakes:
            fake.error = EndpointError("HTTP 400: too long", status=400)
        for number in range(20):
            with pytest.raises(EndpointError, match="too long"):
                await replicas.complete(request_for(str(number)))
        assert all(len(fake.questions) > 4 for fake in fakes)

    asyncio.run(go())


def test_check_passes_if_one_replica_responds() -> None:
    async def go() -> None:
        fakes, replicas, _ = make_replicas(3)
        fakes[0].down = fakes[1].down = EndpointDownError("connection refused")
        await replicas.check()
        for number in range(20):
            await replicas.complete(request_for(str(number)))
        assert len(fakes[2].questions) == 20
        fakes[2].down = EndpointDownError("also down")
        with pytest.raises(EndpointDownError, match="connection refused"):
            await replicas.check()

    asyncio.run(go())


@pytest.mark.parametrize("model", ["hosted_vllm/small", "lm_studio/small"])
def test_run_survives_the_death_of_a_replica(
    model: str, tmp_path: Path, make_program: Make, make_question: Ask
) -> None:
    questions = [make_question(n) for n in range(60)]
    program = make_program(votes=3, shuffle=True)

    async def go(servers: Sequence[ModelServer], store: CompletionCache) -> list[Any]:
        endpoint = find_endpoint(model, [server.base_url for server in servers], model_id="m")
        async with open_client(endpoint, 8, 20.0) as client:
            await client.check()
            engine = Engine(client, endpoint, store, Policy(8, all_votes=True))
            outcomes: list[Any] = []

            def stop_one(outcome: Any) -> None:
                outcomes.append(outcome)
                if len(outcomes) == 20 and len(servers) > 1:
                    servers[1].stop()

            return list(await engine.run(program, questions, stop_one))

    with ExitStack() as stack:
        servers = [stack.enter_context(ModelServer()) for _ in range(3)]
        with CompletionCache(tmp_path / "three.sqlite") as store:
            over_three = asyncio.run(go(servers, store))
        asked = Counter(each.identity for server in servers for each in server.requests)
        assert [outcome.error for outcome in over_three if outcome.error is not None] == []
        assert len(asked) == 180
        assert sum(asked.values()) - 180 <= 8, "requests in flight to the dead replica"
        assert all(len(server.requests) > 8 for server in servers)
        with CompletionCache(tmp_path / "one.sqlite") as store:
            assert [one.answer for one in asyncio.run(go(servers[:1], store))] == [one.answer for one in over_three]


def test_replicas_share_the_identity_of_the_first() -> None:
    alone = find_endpoint("hosted_vllm/m", "http://a:1/v1/")
    both = find_endpoint("hosted_vllm/m", ["http://a:1/v1", "http://b:1/v1", "http://a:1/v1/"])
    assert alone.identity == both.identity
    assert both.replicas == ("http://a:1/v1", "http://b:1/v1")
    assert (alone.addresses, both.addresses) == ("http://a:1/v1", "http://a:1/v1 http://b:1/v1")
    with pytest.raises(UserError, match="--api-base"):
        find_endpoint("hosted_vllm/m", ["http://a:1/v1", "b"])


@pytest.fixture
def run_routed(tmp_path: Path, make_program: Make, make_question: Ask) -> Callable[..., list[Any]]:
    """Run `count` questions at two servers through litellm."""

    def run(count: int, one: ModelServer, other: ModelServer) -> list[Any]:
        direct = find_endpoint("openai/small", [one.base_url, other.base_url], "a-key")
        endpoint = replace(direct, direct=False, served_name=direct.model)

        async def go(store: CompletionCache) -> list[Any]:
            async with open_client(endpoint, 8, 20.0) as client:
                engine = Engine(client, endpoint, store, Policy(4))
                return list(await engine.run(make_program(), [make_question(n) for n in range(count)]))

        with CompletionCache(tmp_path / "v.sqlite") as store:
            return asyncio.run(go(store))

    return run


def test_litellm_router_uses_all_replicas(run_routed: Callable[..., list[Any]]) -> None:
    with ModelServer() as one, ModelServer() as other:
        one.reply = other.reply = lambda asked: Reply("A", delay=0.02)
        assert all(outcome.error is None for outcome in run_routed(24, one, other))
        assert len(one.requests) + len(other.requests) == 24
        assert min(len(one.requests), len(other.requests)) > 4
        assert {asked.authorization for asked in one.requests} == {"Bearer a-key"}


def test_litellm_router_retries_busy_replicas(run_routed: Callable[..., list[Any]]) -> None:
    with ModelServer() as one, ModelServer() as other:
        for server in (one, other):
            busy = iter([Reply("busy", status=429)])
            server.reply = lambda asked, busy=busy: next(busy, Reply("A"))  # type: ignore[misc]
        assert [outcome.error for outcome in run_routed(12, one, other)] == [None] * 12
