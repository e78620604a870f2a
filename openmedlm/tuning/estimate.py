"""What a study would cost, before anything is spent."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import optuna

from openmedlm.inference import CompletionCache
from openmedlm.inference.request import Request
from openmedlm.optimizers.search.defaults import FINALISTS
from openmedlm.optimizers.search.sampler import make_sampler
from openmedlm.optimizers.search.trial_config import TrialConfig
from openmedlm.runs.estimate import estimate, price, program_requests
from openmedlm.tuning.plan import TuningPlan

SKETCHED = 20
"""Configurations that stand for all: drawn by chance, which a search does better than."""

_SAMPLE = 5
"""Questions whose prompts are measured, of each."""


@dataclass(frozen=True, slots=True)
class StudyEstimate:
    """What a study would cost, if every answer can be read at once and no vote is at hand.

    Attributes:
        model: of the study.
        trials: configurations to try.
        dev: questions, of which `tune` rank and `select` choose.
        calls_least: the first block of every trial, at one vote: all are stopped there, and no two are alike.
        calls_most: every trial and every finalist has the largest ensemble, and is asked to the end for all votes.
        exhaustive_calls: calls of a search, for ensembles of the usual size, that asks every dev question, in every
            trial, for all votes.
        limit: of calls, where one is set.
        prompt_tokens, completion_tokens: of `calls_most` or the limit, by the length of prompts in characters and the
            room for completions; cut where a limit of tokens is set.
        cost_usd: of those; 0 for one's own server, None where no price is known; cut where a limit is set.
        stored: share of the sketched requests that lie in the vote store already.
    """

    model: str
    trials: int
    dev: int
    tune: int
    select: int
    calls_least: int
    calls_most: int
    exhaustive_calls: int
    limit: int | None
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    stored: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def estimate_study(plan: TuningPlan) -> StudyEstimate:
    """The cost of a study, sketched with configurations drawn from its space; nothing is called and nothing begun."""
    configurations = _sketch(plan)
    with CompletionCache(plan.store) as store:
        sketched = estimate(_requests(plan, configurations), plan.endpoint, store, count_cached=True)
    mean_votes = sum(configuration.votes for configuration in configurations) / len(configurations)
    tune, select = len(plan.tune.questions), len(plan.select.questions)
    most = plan.search.space.most_votes * (plan.trials * tune + min(FINALISTS, plan.trials) * select) + select
    calls = min(most, plan.limits.calls or most)
    read = sketched.prompt_tokens / sketched.calls * calls
    written = sketched.completion_tokens / sketched.calls * calls
    cut = min(1.0, (plan.limits.tokens or math.inf) / (read + written))
    prompt_tokens, completion_tokens = round(cut * read), round(cut * written)
    cost = price(plan.endpoint, prompt_tokens, completion_tokens)
    return StudyEstimate(
        model=plan.endpoint.model,
        trials=plan.trials,
        dev=tune + select,
        tune=tune,
        select=select,
        calls_least=plan.trials * min(plan.tune.block, tune),
        calls_most=most,
        exhaustive_calls=round(mean_votes * plan.trials * (tune + select)),
        limit=plan.limits.calls,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost_usd=cost if cost is None or plan.limits.cost_usd is None else min(cost, plan.limits.cost_usd),
        stored=sketched.cached / sketched.calls,
    )


def _requests(plan: TuningPlan, configurations: Iterable[TrialConfig]) -> Iterator[Request]:
    """Yield the requests of the first questions for each configuration."""
    for configuration in configurations:
        yield from program_requests(plan.program_factory.program(configuration), plan.tune.questions[:_SAMPLE])


def _sketch(plan: TuningPlan) -> list[TrialConfig]:
    """Configurations drawn from the space."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=make_sampler("random", plan.search.seed, 0))
    return [plan.search.space.suggest(study.ask()) for _ in range(SKETCHED)]
