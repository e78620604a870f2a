"""Estimated cost of a study, before any request is sent."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import optuna

from openmedlm.inference import CompletionCache
from openmedlm.optimizers.search.defaults import MAX_FINALIST_TRIALS
from openmedlm.optimizers.search.sampler import make_sampler
from openmedlm.optimizers.search.trial_config import TrialConfig
from openmedlm.programs import PromptProgram
from openmedlm.runs.estimate import Estimate, estimate, expect_thoughts, price, program_requests, with_thinking_tokens
from openmedlm.tuning.plan import TuningPlan

SAMPLED_CONFIGS = 20
"""Number of random configurations from which the cost of all is estimated."""

SAMPLED_QUESTIONS = 5
"""Number of questions whose prompts are measured, for each configuration."""


@dataclass(frozen=True, slots=True)
class StudyEstimate:
    """Estimated cost of a study, without retries and without cached completions.

    Attributes:
        model: Model of the study.
        trials: Number of configurations to try.
        dev: Number of questions: those of the search set and of the holdout set.
        search_set, holdout: Number of questions in each set.
        calls_least: Requests if every trial is pruned after its first block, at one vote, and no two trials are alike.
        calls_most: Requests if every trial and every finalist has the largest ensemble and answers every question with
            all votes.
        exhaustive_calls: Requests of a search that asks every dev question, in every trial, for all votes of ensembles
            of the usual size.
        limit: Limit of requests; None without one.
        prompt_tokens, completion_tokens: Tokens of `calls_most` or of the limit, by the length of prompts in characters
            and the completion limit; at most the token limit.
        cost_usd: Cost of those in US dollars; 0 for a local server, None without a known price; at most the cost limit.
        completion_tokens_if_thinking: Further completion tokens of those requests at most if the model thinks, before
            the token limit; None if that is known.
        stored: Share of the sampled requests that are cached already.
    """

    model: str
    trials: int
    dev: int
    search_set: int
    holdout: int
    calls_least: int
    calls_most: int
    exhaustive_calls: int
    limit: int | None
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    stored: float
    completion_tokens_if_thinking: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return asdict(self)


def estimate_study(plan: TuningPlan) -> StudyEstimate:
    """Estimate the cost of a study from random configurations of its space; nothing is sent or started."""
    endpoint = plan.calls.endpoint
    with CompletionCache(plan.calls.store) as cache:
        first = plan.factory.program(plan.search.first_configuration())
        thinks = expect_thoughts(first, plan.search_set.questions, endpoint, cache)
        plan = plan.for_thinking() if thinks else plan
        configurations = _random_configs(plan)
        programs = [plan.factory.program(configuration) for configuration in configurations]
        estimates = [_estimate_program(plan, program, cache, thinks) for program in programs]
    sampled_calls = sum(each.calls for each in estimates)
    thoughts = sum(each.completion_tokens_if_thinking or 0 for each in estimates)
    mean_votes = sum(configuration.votes for configuration in configurations) / len(configurations)
    search_set, holdout, trials = len(plan.search_set.questions), len(plan.holdout.questions), plan.trials
    full_evaluations = trials * search_set + min(MAX_FINALIST_TRIALS, trials) * holdout
    most = plan.search.space.max_votes * full_evaluations + holdout
    calls = min(most, plan.limits.calls or most)
    prompt_estimate = sum(each.prompt_tokens for each in estimates) / sampled_calls * calls
    completion_estimate = sum(each.completion_tokens for each in estimates) / sampled_calls * calls
    cut = min(1.0, (plan.limits.tokens or math.inf) / (prompt_estimate + completion_estimate))
    prompt_tokens, completion_tokens = round(cut * prompt_estimate), round(cut * completion_estimate)
    cost = price(endpoint, prompt_tokens, completion_tokens)
    return StudyEstimate(
        model=endpoint.model,
        trials=trials,
        dev=search_set + holdout,
        search_set=search_set,
        holdout=holdout,
        calls_least=trials * min(plan.search_set.block, search_set),
        calls_most=most,
        exhaustive_calls=round(mean_votes * trials * (search_set + holdout)),
        limit=plan.limits.calls,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost_usd=cost if cost is None or plan.limits.cost_usd is None else min(cost, plan.limits.cost_usd),
        stored=sum(each.cached for each in estimates) / sampled_calls,
        completion_tokens_if_thinking=round(thoughts / sampled_calls * calls) or None,
    )


def _estimate_program(
    plan: TuningPlan, program: PromptProgram, cache: CompletionCache, thinks: bool | None
) -> Estimate:
    """Estimate a program on the first questions; `thinks` is whether the model thinks unless a request turns it off."""
    decode = program.decode
    if decode.thinking != "default":
        thinks = decode.asks_for_thinking
    requests = program_requests(with_thinking_tokens(program, thinks), plan.search_set.questions[:SAMPLED_QUESTIONS])
    return estimate(requests, plan.calls.endpoint, cache, thinks, count_cached=True)


def _random_configs(plan: TuningPlan) -> list[TrialConfig]:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=make_sampler("random", plan.search.seed, 0))
    return [plan.search.space.suggest(study.ask()) for _ in range(SAMPLED_CONFIGS)]
