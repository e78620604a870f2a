"""What a study would cost, before anything is spent."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import optuna

from openmedlm.inference import CompletionCache
from openmedlm.inference.sampling import build_request
from openmedlm.optimizers.search.defaults import FINALISTS
from openmedlm.optimizers.search.sampler import make_sampler
from openmedlm.optimizers.search.trial_config import TrialConfig
from openmedlm.runs.estimate import CHARACTERS_A_TOKEN, length, price
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
    questions = plan.tune.questions[:_SAMPLE]
    asked = stored = characters = room = votes = 0
    with CompletionCache(plan.store) as store:
        for configuration in configurations:
            program = plan.program_factory.program(configuration)
            votes += configuration.votes
            for question, selection in zip(questions, program.exemplars.choose(questions), strict=True):
                for sample_prompt in program.sample_prompts(question, selection.exemplars):
                    asked += 1
                    characters += length(sample_prompt.prompt)
                    room += program.decode.max_tokens
                    stored += (
                        store.get(build_request(program, question, sample_prompt).key(plan.endpoint.identity))
                        is not None
                    )
    mean_votes = votes / len(configurations)
    tune, select = len(plan.tune.questions), len(plan.select.questions)
    most = plan.search.space.most_votes * (plan.trials * tune + min(FINALISTS, plan.trials) * select) + select
    calls = min(most, plan.limits.calls or most)
    read, written = characters / CHARACTERS_A_TOKEN / asked * calls, room / asked * calls
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
        stored=stored / asked,
    )


def _sketch(plan: TuningPlan) -> list[TrialConfig]:
    """Configurations drawn from the space."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=make_sampler("random", plan.search.seed, 0))
    return [plan.search.space.suggest(study.ask()) for _ in range(SKETCHED)]
