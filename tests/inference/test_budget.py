"""Tests of budgets, counted at the endpoint and in the cache."""

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

COMPLETION = Completion("A", "stop", 100, 10, 0, 0.5, 0.1)


@pytest.fixture
def cache(tmp_path: Path) -> Any:
    with CompletionCache(tmp_path / "votes.sqlite") as opened:
        yield opened


def spend(cache: CompletionCache, budget_id: str | None, times: int) -> None:
    async def go() -> None:
        await asyncio.gather(*(cache.put(f"{budget_id}-{n}", "m", None, COMPLETION, budget_id) for n in range(times)))

    asyncio.run(go())


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(calls=2), "2 calls"),
        (Limits(tokens=220), "220 tokens"),
        (Limits(cost_usd=1.0), "1 US dollars"),
        (Limits(seconds=0.0), "0 seconds"),
    ],
)
def test_admit_raises_at_each_limit(limits: Limits, message: str, cache: CompletionCache) -> None:
    spend(cache, "study", 2)
    with pytest.raises(BudgetExceeded, match=message):
        asyncio.run(Budget(cache, "study", limits).admit())


@pytest.mark.parametrize("limits", [Limits(), Limits(3, 221, 1.1, 60.0)])
def test_admit_passes_below_every_limit(limits: Limits, cache: CompletionCache) -> None:
    spend(cache, "study", 2)
    asyncio.run(Budget(cache, "study", limits).admit())


def test_admit_counts_calls_in_flight(cache: CompletionCache) -> None:
    async def go() -> None:
        budget = Budget(cache, "study", Limits(calls=3))
        assert await budget.admit() == 1
        assert await budget.admit(5) == 2
        with pytest.raises(BudgetExceeded):
            await budget.admit()
        budget.settle(2)
        assert await budget.admit(5) == 2

    asyncio.run(go())


def test_admit_counts_calls_that_settle_meanwhile(cache: CompletionCache, monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        budget = Budget(cache, "study", Limits(calls=2))
        assert await budget.admit(2) == 2
        spent_async = cache.spent_async

        async def slow(budget_id: str) -> Usage:
            usage = await spent_async(budget_id)
            await asyncio.gather(*(cache.put(f"{n}", "m", None, COMPLETION, "study") for n in range(2)))
            budget.settle(2)
            return usage

        monkeypatch.setattr(cache, "spent_async", slow)
        with pytest.raises(BudgetExceeded):
            await budget.admit()

    asyncio.run(go())


def test_admit_stops_at_the_share(cache: CompletionCache) -> None:
    async def go() -> None:
        budget = Budget(cache, "study", Limits(calls=10), share=0.75)
        with pytest.raises(BudgetExceeded):
            await budget.admit()
        budget.share = 1.0
        await budget.admit()

    spend(cache, "study", 7)
    asyncio.run(go())


@pytest.mark.parametrize("concurrency", [1, 16])
def test_engine_stops_at_a_limit_and_caches_the_rest(
    concurrency: int, cache: CompletionCache, server: Any, make_program: Make, make_question: Ask
) -> None:
    async def go(calls: int) -> int:
        endpoint = find_endpoint("hosted_vllm/small", server.base_url)
        async with open_client(endpoint, 16, 20.0) as client:
            budget = Budget(cache, "study", Limits(calls=calls))
            engine = Engine(client, endpoint, cache, Policy(concurrency), budget)
            with pytest.raises(BudgetExceeded):
                await engine.run(make_program(votes=5, shuffle=True), [make_question(n) for n in range(20)])
            await cache.drain()
            return engine.api_calls

    assert asyncio.run(go(12)) == len(server.requests) == 12
    assert asyncio.run(go(20)) == 8
    assert len({asked.identity for asked in server.requests}) == 20
