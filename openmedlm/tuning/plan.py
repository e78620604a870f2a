"""Plan of one model's study, made from the options before any request is sent."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from openmedlm.data import Question, UserError, load_split
from openmedlm.inference import Endpoint, Limits, find_endpoint
from openmedlm.optimizers.compile import shows_rationales
from openmedlm.optimizers.search.defaults import BASELINES, default_search_share, default_trials
from openmedlm.optimizers.search.eval_schedule import EvalSchedule, split_dev
from openmedlm.optimizers.search.program_factory import ProgramFactory
from openmedlm.optimizers.search.sampler import PRUNERS, SAMPLERS
from openmedlm.optimizers.search.space import Space
from openmedlm.optimizers.search.study import OBJECTIVES, Search
from openmedlm.optimizers.search.trial_answers import UNPRICED, TokenPrices
from openmedlm.optimizers.search.trial_config import DEFAULT, TrialConfig
from openmedlm.optimizers.trainset import MissingRationales
from openmedlm.options import ProgramOptions
from openmedlm.rationales.trainset import load_exemplar_pool
from openmedlm.runs.call_settings import CallSettings, make_call_settings, make_policy
from openmedlm.runs.plan import make_program_config, subsample
from openmedlm.terminal.progress import progress_printer
from openmedlm.tuning.files import STORAGE
from openmedlm.tuning.options import TuneOptions
from openmedlm.tuning.space_file import ModelSpace, read_spaces
from openmedlm.tuning.thinking_space import fix_thinking, searched_thinking
from openmedlm.utils.choices import check_choice
from openmedlm.utils.paths import vectors_directory

MAX_COMPLETION_TOKENS = 200_000
"""Largest `--max-tokens`; more is the token budget of a study, which release 0.1.0 named `--max-tokens`."""


@dataclass(frozen=True)
class TuningPlan:
    """Plan of one model's study.

    Attributes:
        calls: Endpoint, completion cache and settings of the calls.
        benchmark, source: Origin of the questions, see `openmedlm.runs.plan.Plan`.
        search_set: Questions that rank configurations.
        holdout: Questions that pick the winner.
        search: Settings of the search; its space has no strategy of `skipped`.
        thinking_space: Search space if the model is seen to think.
        trials: Number of configurations to try.
        factory: Makes the programs of configurations.
        skipped: Strategies whose exemplars or rationales the pool lacks, with the reason.
        pool, pool_benchmark: Questions that exemplars are taken from, and their benchmark.
        teacher: Model whose rationales the exemplars show.
        limits: Budget.
        storage, study: URL and name of the study.
        directory: Output directory.
        data_dir: See `load_split`.
    """

    calls: CallSettings
    benchmark: str
    source: str
    search_set: EvalSchedule
    holdout: EvalSchedule
    search: Search
    thinking_space: Space
    trials: int
    factory: ProgramFactory
    skipped: Mapping[str, str]
    pool: Sequence[Question]
    pool_benchmark: str
    teacher: str | None
    limits: Limits
    storage: str
    study: str
    directory: Path
    data_dir: str | None

    def for_thinking(self) -> "TuningPlan":
        """Return the plan for a model that thinks."""
        search = replace(self.search, space=self.thinking_space)
        return replace(self, search=search, factory=self.factory.for_thinking())

    def spec(self) -> dict[str, Any]:
        """Return the fixed settings of the study as plain JSON values; a resumed study must have the same."""
        search, policy = self.search, self.calls.policy
        compiled = [self.factory.describe(*variant) for variant in variants(search.space)]
        return {
            "openmedlm": version("openmedlm"),
            "model": self.calls.endpoint.identity,
            "benchmark": self.benchmark,
            "search_set": self.search_set.fingerprint(),
            "holdout": self.holdout.fingerprint(),
            "block": [self.search_set.block, self.search_set.growth],
            "space": search.space.describe(),
            "objective": search.objective,
            "sampler": search.sampler,
            "pruner": search.pruner,
            "alpha": search.alpha,
            "seed": search.seed,
            "teacher": self.teacher,
            "on_unparsed": [policy.on_unparsed, policy.max_resamples],
            "programs": hashlib.sha256(orjson.dumps(compiled, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        }


def plan_studies(
    options: TuneOptions,
    spaces: Mapping[str, ModelSpace] | None = None,
    enqueued: Sequence[TrialConfig] = BASELINES,
) -> list[TuningPlan]:
    """Make a plan for each model; no request is sent.

    Args:
        options: Options of the command.
        spaces: Search space of each model; by default those of the space file that the options name.
        enqueued: Configurations to try before any is sampled; those outside the space are left out.

    Raises:
        UserError: An option does not fit.
    """
    models, data, search = options.models, options.data, options.search
    names = list(dict.fromkeys(models.model))
    tokens = options.program.max_completion_tokens
    if tokens is not None and tokens > MAX_COMPLETION_TOKENS:
        raise UserError(
            f"--max-tokens is too large for one completion: {tokens:,}. Give at most {MAX_COMPLETION_TOKENS:,}, or "
            "limit the tokens of the study with --token-limit."
        )
    if len(names) > 1 and models.model_id is not None:
        raise UserError("--model-id names one model, but --model names several. Leave out --model-id.")
    if len(names) > 1 and options.study.study is not None:
        raise UserError("--study names one study, but --model names several models. Leave out --study.")
    check_choice(search.objective, OBJECTIVES, "objective")
    check_choice(search.sampler, SAMPLERS, "sampler")
    check_choice(search.pruner, PRUNERS, "pruner")
    if search.objective == "both" and search.pruner not in ("racing", "none"):
        raise UserError(f"--pruner {search.pruner} supports one objective, not both. Use racing or none.")
    spaces = spaces or read_spaces(search.space, names)
    dev = subsample(load_split(data.benchmark, "dev", data.data_dir), search.limit)
    if len(dev) < 2:
        raise UserError(
            f"too few dev questions in {data.benchmark}: {len(dev)}. Tuning needs 2: a search set and a holdout set."
        )
    share = search.search_share or default_search_share(len(dev))
    sets = split_dev(dev, options.seed, min(max(share, 1 / len(dev)), 1 - 1 / len(dev)), search.block)
    plans = []
    for name in names:
        own = spaces[name]
        endpoint = find_endpoint(name, own.api_base or models.api_base, models.api_key, models.model_id)
        directory = options.directory if len(names) == 1 else options.directory / _folder(name)
        plans.append(_plan(options, endpoint, own.space, enqueued, sets, directory))
    return plans


def _plan(
    options: TuneOptions,
    endpoint: Endpoint,
    space: Space,
    enqueued: Sequence[TrialConfig],
    sets: tuple[EvalSchedule, EvalSchedule],
    directory: Path,
) -> TuningPlan:
    data, search, budget, seed = options.data, options.search, options.budget, options.seed
    rationales = any(shows_rationales(name, name) for name in space.strategy)
    pool = load_exemplar_pool(data, space.strategy, rationales=rationales, model=endpoint.model)
    plain, with_rationales = pool.exemplars(rationales=False), pool.exemplars(rationales=True)
    config = make_program_config(ProgramOptions(**asdict(options.program)), endpoint, seed)
    embedding = progress_printer("embedding the pool")
    space = fix_thinking(space, config)
    factory = ProgramFactory(space, config, plain, with_rationales, vectors_directory(), embedding)
    skipped = _skipped_strategies(factory, space)
    space = space.without(list(skipped))
    if search.sampler == "grid":
        try:
            space.grid()
        except ValueError as error:
            raise UserError(f"--sampler grid: {error}") from error
    prices = _token_prices(endpoint)
    if budget.cost_limit is not None and prices.unit != "USD":
        raise UserError(
            f"no price is known for --cost-limit: {endpoint.model}. Use --max-calls or --token-limit instead."
        )
    search_set, holdout = sets
    return TuningPlan(
        calls=make_call_settings(options.requests, endpoint, make_policy(options.requests, endpoint)),
        benchmark=data.benchmark,
        source=data.data_dir or "hub",
        search_set=search_set,
        holdout=holdout,
        search=Search(
            space=space,
            objective=search.objective,  # type: ignore[arg-type]  # checked by plan_studies
            sampler=search.sampler,  # type: ignore[arg-type]
            pruner=search.pruner,  # type: ignore[arg-type]
            alpha=search.alpha,
            prices=prices,
            seed=seed,
            enqueued=tuple(point for point in enqueued if point.strategy in space.strategy),
        ),
        thinking_space=searched_thinking(space, endpoint),
        trials=search.trials or default_trials(len(search_set.questions) + len(holdout.questions)),
        factory=factory,
        skipped=skipped,
        pool=pool.questions,
        pool_benchmark=pool.benchmark,
        teacher=pool.teacher,
        limits=Limits(budget.max_calls, budget.token_limit, budget.cost_limit, budget.timeout),
        storage=options.study.storage or f"sqlite:///{(directory / STORAGE).absolute()}",
        study=options.study.study or f"{endpoint.model} on {data.benchmark}",
        directory=directory,
        data_dir=data.data_dir,
    )


def _skipped_strategies(factory: ProgramFactory, space: Space) -> dict[str, str]:
    """Return the strategies whose exemplars or rationales the pool lacks, each with the reason.

    Raises:
        UserError: It lacks those of every strategy, or an embedder cannot be used.
    """
    skipped: dict[str, str] = {}
    for name, embedder in variants(space):
        try:
            factory.compiled(name, embedder)
        except MissingRationales as error:
            skipped[name] = str(error)
    if len(skipped) == len(set(space.strategy)):
        raise UserError(f"no strategy left in the search space: {next(iter(skipped.values()))}")
    return skipped


def variants(space: Space) -> list[tuple[str, str]]:
    """Return the programs to compile: each strategy, and each retrieving one once per embedder."""
    return [
        (name, embedder)
        for name in space.strategy
        for embedder in (space.embedder if name.startswith("knn") else (DEFAULT,))
    ]


def _token_prices(endpoint: Endpoint) -> TokenPrices:
    if endpoint.free:
        return UNPRICED
    from openmedlm.inference.clients.litellm import prices

    known = prices(endpoint.model)
    return UNPRICED if known is None else TokenPrices(known.prompt, known.completion, "USD")


def _folder(model: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "--", model).strip(".") or "model"
