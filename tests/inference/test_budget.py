"""What may be spent, counted at the endpoint and in the store."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openmedlm.data import Question
from openmedlm.inference import (
    Budget,
    BudgetExceeded,
    CompletionCache,
    Engine,
    Limits,
    Policy,
    find_endpoint,
    open_client,
)
from openmedlm.inference.cache import Usage
from openmedlm.inference.request import Completion
from openmedlm.programs import PromptProgram

Make = Callable[..., PromptProgram]
Ask = Callable[..., Question]

BOUGHT = Completion("A", "stop", 100, 10, 0, 0.5, 0.1)


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with CompletionCache(tmp_path / "votes.sqlite") as opened:
        yield opened


def spend(store: CompletionCache, purpose: str | None, times: int) -> None:
    async def go() -> None:
        await asyncio.gather(*(store.put(f"{purpose}-{n}", "m", None, BOUGHT, purpose) for n in range(times)))

    asyncio.run(go())


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(calls=2), "2 calls"),
        (Limits(tokens=220), "220 tokens"),
        (Limits(cost_usd=1.0), "1 US dollars"),
        (Limits(seconds=0.0), "0 seconds"),
    ],
)
def test_a_limit_that_is_reached_admits_nothing_more(limits: Limits, said: str, store: CompletionCache) -> None:
    spend(store, "study", 2)
    with pytest.raises(BudgetExceeded, match=said):
        asyncio.run(Budget(store, "study", limits).admit())


@pytest.mark.parametrize("limits", [Limits(), Limits(3, 221, 1.1, 60.0)])
def test_there_is_room_until_then(limits: Limits, store: CompletionCache) -> None:
    spend(store, "study", 2)
    asyncio.run(Budget(store, "study", limits).admit())


def test_what_is_in_flight_counts_as_a_call(store: CompletionCache) -> None:
    async def go() -> None:
        budget = Budget(store, "study", Limits(calls=3))
        assert await budget.admit() == 1
        assert await budget.admit(5) == 2
        with pytest.raises(BudgetExceeded):
            await budget.admit()
        budget.settle(2)
        assert await budget.admit(5) == 2

    asyncio.run(go())


def test_what_is_written_down_while_the_budget_looks_counts_once_at_least(
    store: CompletionCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        budget = Budget(store, "study", Limits(calls=2))
        assert await budget.admit(2) == 2
        look = store.spent_async

        async def slow(purpose: str) -> Usage:
            seen = await look(purpose)
            await asyncio.gather(*(store.put(f"{n}", "m", None, BOUGHT, "study") for n in range(2)))
            budget.settle(2)
            return seen

        monkeypatch.setattr(store, "spent_async", slow)
        with pytest.raises(BudgetExceeded):
            await budget.admit()

    asyncio.run(go())


def test_only_a_share_may_be_used_as_yet(store: CompletionCache) -> None:
    async def go() -> None:
        budget = Budget(store, "study", Limits(calls=10), share=0.75)
        with pytest.raises(BudgetExceeded):
            await budget.admit()
        budget.share = 1.0
        await budget.admit()

    spend(store, "study", 7)
    asyncio.run(go())


@pytest.mark.parametrize("concurrency", [1, 16])
def test_an_engine_stops_at_its_limit_and_keeps_what_was_in_flight(
    concurrency: int, store: CompletionCache, server: Any, make_program: Make, make_question: Ask
) -> None:
    async def go(calls: int) -> int:
        endpoint = find_endpoint("hosted_vllm/small", server.base_url)
        async with open_client(endpoint, 16, 20.0) as client:
            budget = Budget(store, "study", Limits(calls=calls))
            engine = Engine(client, endpoint, store, Policy(concurrency), budget)
            with pytest.raises(BudgetExceeded):
                await engine.run(make_program(votes=5, shuffle=True), [make_question(n) for n in range(20)])
            await store.drain()
            return engine.api_calls

    assert asyncio.run(go(12)) == len(server.requests) == 12
    assert asyncio.run(go(20)) == 8
    assert len({asked.identity for asked in server.requests}) == 20
