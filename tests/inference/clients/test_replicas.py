"""Several endpoints that serve one model."""

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
from openmedlm.inference.clients.replicas import LONGEST, SLACK, TRIPS, Replicas
from openmedlm.inference.errors import EndpointDownError, EndpointError
from openmedlm.inference.request import Completion, Request
from openmedlm.programs import PromptProgram, SamplingParams

COMPLETION = Completion("A", "stop", 1, 1, 0, None, 0.0)
Make = Callable[..., PromptProgram]
Ask = Callable[..., Question]


class Fake:
    """A client that notes the questions that it is asked, and fails or waits on order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.error: EndpointError | None = None
        self.down: EndpointDownError | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def check(self) -> None:
        if self.down is not None:
            raise self.down

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        self.asked.append(request.question)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return [COMPLETION]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def asking(question: str) -> Request:
    return Request("prompt", SamplingParams(max_tokens=8), question=question)


def of(count: int) -> tuple[list[Fake], Replicas, Clock]:
    fakes, clock = [Fake() for _ in range(count)], Clock()
    return fakes, Replicas([(f"http://{n}/v1", fake) for n, fake in enumerate(fakes)], clock), clock


async def tried(replicas: Replicas, question: int) -> None:
    with suppress(EndpointError):
        await replicas.complete(asking(str(question)))


def refused() -> EndpointError:
    return EndpointError("refused", failure="connection", transient=True)


def test_one_after_another_the_votes_of_a_question_meet_one_replica_and_questions_spread() -> None:
    async def go() -> None:
        fakes, replicas, _ = of(4)
        for number in range(200):
            for _ in range(5):
                await replicas.complete(asking(str(number)))
        assert all(count == 5 for fake in fakes for count in Counter(fake.asked).values())
        assert all(30 * 5 <= len(fake.asked) <= 70 * 5 for fake in fakes)

    asyncio.run(go())


def test_another_replica_moves_only_the_questions_that_it_takes() -> None:
    async def go() -> None:
        homes: list[dict[str, int]] = []
        for count in (3, 4):
            fakes, replicas, _ = of(count)
            for number in range(200):
                await replicas.complete(asking(str(number)))
            homes.append({question: n for n, fake in enumerate(fakes) for question in fake.asked})
        relabel = [question for question in homes[0] if homes[0][question] != homes[1][question]]
        assert {homes[1][question] for question in relabel} == {3}
        assert 30 <= len(relabel) <= 70

    asyncio.run(go())


def test_side_by_side_no_replica_is_much_busier_than_the_others() -> None:
    async def go() -> None:
        fakes, replicas, _ = of(4)
        for fake in fakes:
            fake.gate.clear()
        asked = [asyncio.ensure_future(replicas.complete(asking("the same"))) for _ in range(100)]
        await asyncio.sleep(0)
        assert max(len(fake.asked) for fake in fakes) <= (1 + SLACK) * 100 / 4 + 1
        assert sum(len(fake.asked) for fake in fakes) == 100
        for fake in fakes:
            fake.gate.set()
        await asyncio.gather(*asked)

    asyncio.run(go())


def test_a_dead_replica_is_left_alone_longer_each_time_and_tried_with_one_request() -> None:
    async def go() -> None:
        fakes, replicas, clock = of(2)
        fakes[0].error = refused()
        waits = []
        for _ in range(9):
            before, told = clock.now, len(fakes[0].asked)
            while len(fakes[0].asked) == told:
                clock.now += 0.1
                for number in range(20):
                    await tried(replicas, number)
            assert len(fakes[0].asked) == told + 1
            waits.append(clock.now - before)
        assert waits[1:4] == pytest.approx([1, 2, 4], abs=0.3)
        assert waits[-1] == pytest.approx(LONGEST, abs=0.5)
        fakes[0].error = None
        clock.now += LONGEST
        for number in range(40):
            await replicas.complete(asking(str(number)))
        assert len(fakes[0].asked) > 9 + 10, "it is well again"

    asyncio.run(go())


def test_a_replica_that_fails_in_other_ways_has_several_tries() -> None:
    async def go() -> None:
        fakes, replicas, _ = of(2)
        fakes[0].error = EndpointError("HTTP 500", status=500, transient=True)
        for number in range(100):
            await tried(replicas, number)
        assert len(fakes[0].asked) == TRIPS

    asyncio.run(go())


def test_a_busy_replica_is_left_alone_for_as_long_as_it_says() -> None:
    async def go() -> None:
        fakes, replicas, clock = of(2)
        fakes[0].error = EndpointError("HTTP 429", status=429, transient=True, retry_after=7.0)
        while not fakes[0].asked:
            await tried(replicas, len(fakes[1].asked))
        for moment, more in ((6.9, 0), (7.1, 1)):
            clock.now = moment
            told = len(fakes[0].asked)
            for number in range(40):
                await tried(replicas, number)
            assert len(fakes[0].asked) - told == more

    asyncio.run(go())


def test_requests_that_fail_together_are_one_failure() -> None:
    async def go() -> None:
        fakes, replicas, clock = of(2)
        for fake in fakes:
            fake.gate.clear()
        fakes[0].error = refused()
        at_once = [asyncio.ensure_future(tried(replicas, number)) for number in range(20)]
        await asyncio.sleep(0)
        assert len(fakes[0].asked) > 5
        for fake in fakes:
            fake.gate.set()
        await asyncio.gather(*at_once)
        told = len(fakes[0].asked)
        clock.now = 1.1
        for number in range(20):
            await tried(replicas, number)
        assert len(fakes[0].asked) == told + 1

    asyncio.run(go())


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_replica_that_refuses_everything_is_left_alone_while_another_answers(status: int) -> None:
    async def go() -> None:
        fakes, replicas, _ = of(2)
        fakes[0].error = EndpointError("no such model", status=status)
        for number in range(40):
            await replicas.complete(asking(str(number)))
        assert len(fakes[0].asked) == 1
        fakes[1].error = fakes[0].error
        with pytest.raises(EndpointError, match="no such model") as refused:
            await replicas.complete(asking("0"))
        assert not refused.value.transient, "all of them refuse it"

    asyncio.run(go())


def test_a_request_that_all_refuse_is_asked_of_each_once_and_rests_none() -> None:
    async def go() -> None:
        fakes, replicas, _ = of(3)
        for fake in fakes:
            fake.error = EndpointError("flagged", status=403)
        with pytest.raises(EndpointError, match="flagged") as caught:
            await replicas.complete(asking("flagged"))
        assert not caught.value.transient
        assert [len(fake.asked) for fake in fakes] == [1, 1, 1]
        for fake in fakes:
            fake.error = None
        for number in range(60):
            await replicas.complete(asking(str(number)))
        assert all(len(fake.asked) > 8 for fake in fakes)

    asyncio.run(go())


def test_a_fault_of_the_request_is_not_the_replicas() -> None:
    async def go() -> None:
        fakes, replicas, _ = of(2)
        for fake in fakes:
            fake.error = EndpointError("HTTP 400: too long", status=400)
        for number in range(20):
            with pytest.raises(EndpointError, match="too long"):
                await replicas.complete(asking(str(number)))
        assert all(len(fake.asked) > 4 for fake in fakes)

    asyncio.run(go())


def test_one_that_answers_is_enough_to_begin() -> None:
    async def go() -> None:
        fakes, replicas, _ = of(3)
        fakes[0].down = fakes[1].down = EndpointDownError("nobody there")
        await replicas.check()
        for number in range(20):
            await replicas.complete(asking(str(number)))
        assert len(fakes[2].asked) == 20
        fakes[2].down = EndpointDownError("gone too")
        with pytest.raises(EndpointDownError, match="nobody there"):
            await replicas.check()

    asyncio.run(go())


@pytest.mark.parametrize("model", ["hosted_vllm/small", "lm_studio/small"])
def test_a_run_over_replicas_of_which_one_dies_answers_everything_once(
    model: str, tmp_path: Path, make_program: Make, make_question: Ask
) -> None:
    questions = [make_question(n) for n in range(60)]
    program = make_program(votes=3, shuffle=True)

    async def go(servers: Sequence[ModelServer], store: CompletionCache) -> list[Any]:
        endpoint = find_endpoint(model, [server.base_url for server in servers], model_id="m")
        async with open_client(endpoint, 8, 20.0) as client:
            await client.check()
            engine = Engine(client, endpoint, store, Policy(8, all_votes=True))
            seen: list[Any] = []

            def dies(outcome: Any) -> None:
                seen.append(outcome)
                if len(seen) == 20 and len(servers) > 1:
                    servers[1].stop()

            return list(await engine.run(program, questions, dies))

    with ExitStack() as stack:
        servers = [stack.enter_context(ModelServer()) for _ in range(3)]
        with CompletionCache(tmp_path / "three.sqlite") as store:
            over_three = asyncio.run(go(servers, store))
        asked = Counter(each.identity for server in servers for each in server.requests)
        assert [outcome.error for outcome in over_three if outcome.error is not None] == []
        assert len(asked) == 180
        assert sum(asked.values()) - 180 <= 8, "what was in flight to the one that died"
        assert all(len(server.requests) > 8 for server in servers)
        with CompletionCache(tmp_path / "one.sqlite") as store:
            assert [one.answer for one in asyncio.run(go(servers[:1], store))] == [one.answer for one in over_three]


def test_the_votes_of_replicas_are_those_of_the_first_alone() -> None:
    alone = find_endpoint("hosted_vllm/m", "http://a:1/v1/")
    both = find_endpoint("hosted_vllm/m", ["http://a:1/v1", "http://b:1/v1", "http://a:1/v1/"])
    assert alone.identity == both.identity
    assert both.replicas == ("http://a:1/v1", "http://b:1/v1")
    assert (alone.where, both.where) == ("http://a:1/v1", "http://a:1/v1 http://b:1/v1")
    with pytest.raises(UserError, match="--api-base"):
        find_endpoint("hosted_vllm/m", ["http://a:1/v1", "b"])


@pytest.fixture
def routed(tmp_path: Path, make_program: Make, make_question: Ask) -> Callable[..., list[Any]]:
    """The outcomes of so many questions at two servers that litellm speaks to."""

    def run(count: int, one: ModelServer, other: ModelServer) -> list[Any]:
        found = find_endpoint("openai/small", [one.base_url, other.base_url], "a-key")
        endpoint = replace(found, direct=False, served_name=found.model)

        async def go(store: CompletionCache) -> list[Any]:
            async with open_client(endpoint, 8, 20.0) as client:
                engine = Engine(client, endpoint, store, Policy(4))
                return list(await engine.run(make_program(), [make_question(n) for n in range(count)]))

        with CompletionCache(tmp_path / "v.sqlite") as store:
            return asyncio.run(go(store))

    return run


def test_other_providers_are_routed_by_litellm(routed: Callable[..., list[Any]]) -> None:
    with ModelServer() as one, ModelServer() as other:
        one.reply = other.reply = lambda asked: Reply("A", delay=0.02)
        assert all(outcome.error is None for outcome in routed(24, one, other))
        assert len(one.requests) + len(other.requests) == 24
        assert min(len(one.requests), len(other.requests)) > 4
        assert {asked.authorization for asked in one.requests} == {"Bearer a-key"}


def test_other_providers_that_are_all_busy_are_asked_again(routed: Callable[..., list[Any]]) -> None:
    with ModelServer() as one, ModelServer() as other:
        for server in (one, other):
            busy = iter([Reply("busy", status=429)])
            server.reply = lambda asked, busy=busy: next(busy, Reply("A"))  # type: ignore[misc]
        assert [outcome.error for outcome in routed(12, one, other)] == [None] * 12
