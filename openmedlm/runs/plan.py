"""From options to a plan: everything that a run needs, made before anything is spent."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from openmedlm.data import Question, UserError, fingerprint, load_split
from openmedlm.inference import Endpoint
from openmedlm.optimizers import ProgramConfig
from openmedlm.options.groups import (
    DataOptions,
    ModelOptions,
    ProgramOptions,
    RequestOptions,
    SplitOptions,
)
from openmedlm.programs import TEMPLATES, PromptProgram, Template
from openmedlm.programs.frozen import FrozenProgram
from openmedlm.programs.option_order import derive_seed
from openmedlm.runs.call_settings import CallSettings, make_call_settings, make_policy
from openmedlm.runs.resolve import load_frozen_args, resolve_endpoint
from openmedlm.terminal.progress import progress_printer
from openmedlm.utils.names import check_choice
from openmedlm.utils.paths import vectors_directory

DRAW_SEED = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Programs, the questions they answer, and the endpoint that answers for them.

    Attributes:
        calls: endpoint, and the settings of the calls to it.
        skipped: strategies that the pool can't serve, and why.
        source: where the questions come from: `hub`, `sample` or a folder.
        pool: the questions that exemplars were taken from; none where no strategy shows any, or all are frozen.
        pool_benchmark: whose pool that is.
        teacher: whose rationales exemplars show; None without a pool.
    """

    calls: CallSettings
    programs: Mapping[str, PromptProgram]
    skipped: Mapping[str, str]
    questions: Sequence[Question]
    benchmark: str
    split: str
    source: str
    pool: Sequence[Question] = ()
    pool_benchmark: str = ""
    teacher: str | None = None

    def asked(self) -> dict[str, Any]:
        """What the run is of, as plain JSON values; secrets and addresses are not part of it."""
        return {
            "openmedlm": version("openmedlm"),
            "model": self.calls.endpoint.model,
            "identity": self.calls.endpoint.identity,
            "benchmark": self.benchmark,
            "split": self.split,
            "source": self.source,
            "teacher": self.teacher,
            "questions": {"count": len(self.questions), "fingerprint": fingerprint(self.questions)},
            "policy": {
                name: value
                for name, value in asdict(self.calls.policy).items()
                if name not in ("concurrency", "max_retries")
            },
            "programs": {name: program.describe() for name, program in self.programs.items()},
        }


def plan_split(
    names: Sequence[str],
    model: ModelOptions,
    data: DataOptions,
    split: SplitOptions,
    program: ProgramOptions,
    spend: RequestOptions,
    seed: int,
    *,
    lenient: bool = False,
) -> Plan:
    """Programs over the questions of a split.

    Args:
        names: strategies, and directories of frozen programs; one that is named twice runs once.
        lenient: whether a strategy that the pool can't serve is left out instead of refused.

    Raises:
        UserError: an option does not fit.
    """
    frozen = load_frozen_args(names, program, data, seed)
    endpoint = resolve_endpoint(model, frozen.values())
    questions = subsample(load_split(data.benchmark, split.split, data.data_dir), split.limit)
    return plan(names, endpoint, questions, split.split, data, program, spend, seed, frozen, lenient=lenient)


def plan(
    names: Sequence[str],
    endpoint: Endpoint,
    questions: Sequence[Question],
    split: str,
    data: DataOptions,
    program: ProgramOptions,
    spend: RequestOptions,
    seed: int,
    frozen: Mapping[str, FrozenProgram] = MappingProxyType({}),
    *,
    lenient: bool = False,
) -> Plan:
    """Programs over these questions, those that are frozen loaded already; see `plan_split`."""
    programs = {name: _fitting(program.program, endpoint) for name, program in frozen.items()}
    skipped: dict[str, str] = {}
    pool: Sequence[Question] = ()
    teacher = None
    strategies = [name for name in dict.fromkeys(names) if name not in frozen]
    if strategies:
        from openmedlm.optimizers.compile import compile_program, shows_rationales
        from openmedlm.optimizers.trainset import MissingRationales
        from openmedlm.programs.convert import to_demos
        from openmedlm.programs.registry import WITHOUT_EXEMPLARS
        from openmedlm.rationales.trainset import load_trainset

        bare: Sequence[Any] = ()
        reasoned: Sequence[Any] = ()
        if any(name not in WITHOUT_EXEMPLARS for name in strategies):
            pool = load_split(data.pool or data.benchmark, "pool", data.data_dir)
            bare = to_demos(pool)
        if any(shows_rationales(name, program.member) for name in strategies):
            teacher, reasoned = load_trainset(pool, data.pool or data.benchmark, data.teacher, endpoint.model)
        choices = make_program_config(program, endpoint, seed)
        for name in strategies:
            try:
                trainset = reasoned if shows_rationales(name, program.member) else bare
                built = compile_program(
                    name, trainset, choices, vectors_directory(), progress_printer("embedding the pool")
                )
                programs[name] = built.prompt_program()
            except MissingRationales as error:
                if not lenient:
                    raise
                skipped[name] = str(error)
    return Plan(
        calls=make_call_settings(spend, endpoint, make_policy(spend, endpoint)),
        programs={name: programs[name] for name in dict.fromkeys(names) if name in programs},
        skipped=skipped,
        questions=questions,
        benchmark=data.benchmark,
        split=split,
        source=data.data_dir or "hub",
        pool=pool,
        pool_benchmark=data.pool or data.benchmark,
        teacher=teacher,
    )


def subsample(questions: Sequence[Question], limit: int | None) -> list[Question]:
    """At most `limit` of the questions, in their own order.

    The first ones would be of one subject where a split is sorted by subject. The draw depends on ids alone, so that
    two seeds are compared on the same questions, and grows with the limit, so that answers bought for 30 serve for 200.
    """
    if limit is None or limit >= len(questions):
        return list(questions)
    ranks = {question.id: derive_seed("limit", DRAW_SEED, question.id) for question in questions}
    chosen = set(sorted(ranks, key=lambda name: (ranks[name], name))[:limit])
    return [question for question in questions if question.id in chosen]


def make_program_config(program: ProgramOptions, endpoint: Endpoint, seed: int) -> ProgramConfig:
    """What the options leave to a strategy.

    Raises:
        UserError: an option does not fit.
    """
    values = asdict(program)
    template = choose_template(values.pop("template"), endpoint)
    values["index"] = check_choice(values["index"], ("exact", "hnsw"), "index")
    values["order"] = check_choice(values["order"], ("nearest-last", "nearest-first"), "order")
    values["max_tokens"] = values.pop("max_completion_tokens")
    return ProgramConfig(**values, template=template, seed=seed)


def choose_template(name: str, endpoint: Endpoint) -> Template:
    """The template of that name, `auto` being the one for the endpoint's kind of model.

    Raises:
        UserError: there is none, or the endpoint does not take such prompts.
    """
    if name == "auto":
        name = "chat" if endpoint.chat else "plain"
    template = TEMPLATES[check_choice(name, TEMPLATES, "template")]
    _check_template(template, endpoint)
    return template


def _fitting(program: PromptProgram, endpoint: Endpoint) -> PromptProgram:
    """The program, if its prompts are of the kind that the endpoint takes."""
    _check_template(program.template, endpoint)
    return program


def _check_template(template: Template, endpoint: Endpoint) -> None:
    if template.kind == "chat" and not endpoint.chat:
        raise UserError(f"{endpoint.model} is a base model without a chat template; use --template plain")
    if template.kind == "completion" and not endpoint.text:
        raise UserError(f"{endpoint.model} is reached as a chat model; --template plain wants its --api-base")
