"""From options to the plan of one model's study: everything that it needs, made before anything is spent."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from openmedlm.data import Question, UserError, load_split
from openmedlm.inference import Cluster, Endpoint, Limits, Policy, find_endpoint
from openmedlm.optimizers.compile import shows_rationales
from openmedlm.optimizers.program_config import WITHOUT_EXEMPLARS
from openmedlm.optimizers.search.eval_schedule import EvalSchedule, split_dev
from openmedlm.optimizers.search.program_factory import ProgramFactory
from openmedlm.optimizers.search.sampler import PRUNERS, SAMPLERS
from openmedlm.optimizers.search.space import Space
from openmedlm.optimizers.search.study import OBJECTIVES, Search
from openmedlm.optimizers.search.trial_answers import UNPRICED, TokenPrices
from openmedlm.optimizers.search.trial_config import DEFAULT, TrialConfig
from openmedlm.optimizers.trainset import MissingRationales
from openmedlm.options.groups import ProgramOptions
from openmedlm.programs.convert import to_demos
from openmedlm.rationales.trainset import load_trainset
from openmedlm.runs.call_settings import make_cluster, make_policy
from openmedlm.runs.plan import make_program_config, subsample
from openmedlm.terminal.progress import progress_printer
from openmedlm.tuning.files import STORAGE
from openmedlm.tuning.options import TuneOptions
from openmedlm.tuning.space_file import ModelSpace, read_spaces
from openmedlm.utils.names import check_choice
from openmedlm.utils.paths import completion_cache_path, vectors_directory

BASELINE = TrialConfig("zero-shot")
"""What the winner is compared with: the model, just asked."""

RUNGS = (
    BASELINE,
    TrialConfig("few-shot", k=5),
    TrialConfig("knn-few-shot", k=5),
    TrialConfig("cot"),
    TrialConfig("few-shot-cot", k=5),
    TrialConfig("knn-cot", k=5),
    TrialConfig("knn-cot", k=5, votes=5, temperature=0.8, top_p=0.8, shuffle=True),
)
"""The paper's ladder as `ladder` runs it, tried before any configuration is sampled."""

TUNE_SHARE = 0.3
TUNE_LEAST = 100
"""Questions that rank, at least, where they are not more than half."""


@dataclass(frozen=True)
class TuningPlan:
    """One model's study.

    Attributes:
        endpoint: of the model.
        benchmark, source: where the questions come from, see `openmedlm.runs.plan.Plan`.
        tune, select: the questions that rank configurations, and those that choose among the best.
        search: how the study is searched; its space lacks the strategies that the pool can't serve.
        trials: configurations to try.
        workshop: makes programs of configurations.
        skipped: strategies that the pool can't serve, and why.
        pool, pool_benchmark, teacher: what exemplars were taken from, and whose rationales they show.
        policy, call_timeout, store: how calls are made, and where votes are kept.
        cluster: whose workers answer; None for this process.
        limits: what may be spent.
        storage, study: URL and name of the study.
        directory: where the programs go.
        data_dir: see `load_split`.
    """

    endpoint: Endpoint
    benchmark: str
    source: str
    tune: EvalSchedule
    select: EvalSchedule
    search: Search
    trials: int
    program_factory: ProgramFactory
    skipped: Mapping[str, str]
    pool: Sequence[Question]
    pool_benchmark: str
    teacher: str | None
    policy: Policy
    call_timeout: float
    store: Path | str
    cluster: Cluster | None
    limits: Limits
    storage: str
    study: str
    directory: Path
    data_dir: str | None

    def asked(self) -> dict[str, Any]:
        """What the study is of, as plain JSON values; what may change as it goes on is not part of it."""
        search = self.search
        compiled = [self.program_factory.compiled(*variant).describe() for variant in variants(search.space)]
        return {
            "openmedlm": version("openmedlm"),
            "model": self.endpoint.identity,
            "benchmark": self.benchmark,
            "tune": self.tune.fingerprint(),
            "select": self.select.fingerprint(),
            "block": [self.tune.block, self.tune.growth],
            "space": search.space.model_dump(mode="json"),
            "objective": search.objective,
            "sampler": search.sampler,
            "pruner": search.pruner,
            "alpha": search.alpha,
            "seed": search.seed,
            "teacher": self.teacher,
            "unreadable": [self.policy.on_unparsed, self.policy.max_resamples],
            "programs": hashlib.sha256(orjson.dumps(compiled, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        }


def plan_studies(
    options: TuneOptions,
    spaces: Mapping[str, ModelSpace] | None = None,
    first: Sequence[TrialConfig] = RUNGS,
) -> list[TuningPlan]:
    """A plan for each model; nothing is called.

    Args:
        options: what is asked for.
        spaces: of the models, in place of the one that the options name.
        first: configurations that are tried before any is sampled, those of the space among them.

    Raises:
        UserError: an option does not fit.
    """
    models, data, search = options.models, options.data, options.search
    names = list(dict.fromkeys(models.model))
    if len(names) > 1 and models.model_id is not None:
        raise UserError("--model-id names one model, and several are to be tuned; leave it out")
    if len(names) > 1 and options.study.study is not None:
        raise UserError("--study names one study, and several models are to be tuned; leave it out")
    check_choice(search.objective, OBJECTIVES, "objective")
    check_choice(search.sampler, SAMPLERS, "sampler")
    check_choice(search.pruner, PRUNERS, "pruner")
    if search.objective == "both" and search.pruner not in ("racing", "none"):
        raise UserError(f"--pruner {search.pruner} judges one number, and both are two; take racing or none")
    spaces = spaces or read_spaces(search.space, names)
    dev = subsample(load_split(data.benchmark, "dev", data.data_dir), search.limit)
    if len(dev) < 2:
        raise UserError(
            f"{data.benchmark}: {len(dev)} dev question; tuning needs 2, to rank on one part and choose on the other"
        )
    share = search.tune_share or tune_share(len(dev))
    courses = split_dev(dev, options.seed, min(max(share, 1 / len(dev)), 1 - 1 / len(dev)), search.block)
    plans = []
    for name in names:
        own = spaces[name]
        endpoint = find_endpoint(name, own.api_base or models.api_base, models.api_key, models.model_id)
        directory = options.directory if len(names) == 1 else options.directory / _folder(name)
        plans.append(_plan(options, endpoint, own.space, first, courses, directory))
    return plans


def _plan(
    options: TuneOptions,
    endpoint: Endpoint,
    space: Space,
    first: Sequence[TrialConfig],
    courses: tuple[EvalSchedule, EvalSchedule],
    directory: Path,
) -> TuningPlan:
    data, search, budget, seed = options.data, options.search, options.budget, options.seed
    pool: Sequence[Question] = ()
    bare: Sequence[Any] = ()
    reasoned: Sequence[Any] = ()
    teacher = None
    if any(name not in WITHOUT_EXEMPLARS for name in space.strategy):
        pool = load_split(data.pool or data.benchmark, "pool", data.data_dir)
        bare = to_demos(pool)
    if any(shows_rationales(name, name) for name in space.strategy):
        teacher, reasoned = load_trainset(pool, data.pool or data.benchmark, data.teacher, endpoint.model)
    program = ProgramOptions(**asdict(options.settled))
    choices = make_program_config(program, endpoint, seed)
    program_factory = ProgramFactory(
        space, choices, bare, reasoned, vectors_directory(), progress_printer("embedding the pool")
    )
    skipped: dict[str, str] = {}
    for name, embedder in variants(space):
        try:
            program_factory.compiled(name, embedder)
        except MissingRationales as error:
            skipped[name] = str(error)
    if len(skipped) == len(space.strategy):
        raise UserError(f"the pool can serve no strategy of the space: {next(iter(skipped.values()))}")
    space = space.without(list(skipped))
    if search.sampler == "grid":
        try:
            space.grid()
        except ValueError as error:
            raise UserError(f"--sampler grid: {error}") from error
    rates = _rates(endpoint)
    if budget.cost_limit is not None and rates.unit != "USD":
        raise UserError(f"--cost-limit: no price is known for {endpoint.model}; use --max-calls or --max-tokens")
    return TuningPlan(
        endpoint=endpoint,
        benchmark=data.benchmark,
        source=data.data_dir or "hub",
        tune=courses[0],
        select=courses[1],
        search=Search(
            space=space,
            objective=search.objective,  # type: ignore[arg-type]  # known by now
            sampler=search.sampler,  # type: ignore[arg-type]
            pruner=search.pruner,  # type: ignore[arg-type]
            alpha=search.alpha,
            rates=rates,
            seed=seed,
            first=tuple(point for point in first if point.strategy in space.strategy),
        ),
        trials=search.trials or usual_trials(sum(len(schedule.questions) for schedule in courses)),
        program_factory=program_factory,
        skipped=skipped,
        pool=pool,
        pool_benchmark=data.pool or data.benchmark,
        teacher=teacher,
        policy=make_policy(options.spend, endpoint),
        call_timeout=options.spend.call_timeout,
        store=options.spend.store or completion_cache_path(),
        cluster=make_cluster(options.spend),
        limits=Limits(budget.max_calls, budget.max_tokens, budget.cost_limit, budget.timeout),
        storage=options.study.storage or f"sqlite:///{(directory / STORAGE).absolute()}",
        study=options.study.study or f"{endpoint.model} on {data.benchmark}",
        directory=directory,
        data_dir=data.data_dir,
    )


def usual_trials(dev: int) -> int:
    """Configurations to try: more than these few questions can't tell apart."""
    return min(150, max(60, dev // 4))


def variants(space: Space) -> list[tuple[str, str]]:
    """What is compiled of a space: each strategy, those that retrieve once for each embedder."""
    return [
        (name, embedder)
        for name in space.strategy
        for embedder in (space.embedder if name.startswith("knn") else (DEFAULT,))
    ]


def tune_share(dev: int) -> float:
    """The share of dev questions that rank: three tenths, but at least `TUNE_LEAST` questions, or half."""
    return min(0.5, max(TUNE_SHARE, TUNE_LEAST / dev))


def _rates(endpoint: Endpoint) -> TokenPrices:
    if endpoint.free:
        return UNPRICED
    from openmedlm.inference.clients.litellm import prices

    known = prices(endpoint.model)
    return UNPRICED if known is None else TokenPrices(known.prompt, known.completion, "USD")


def _folder(model: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "--", model).strip(".") or "model"
