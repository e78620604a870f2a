"""Plan of a run: programs, questions and call settings, complete before any request is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any, get_args

import orjson

from openmedlm.data import Question, UserError, canonical_split, fingerprint, load_split
from openmedlm.inference import Endpoint
from openmedlm.metrics.answer_parsing import parse_thought_mark
from openmedlm.optimizers import ProgramConfig
from openmedlm.options import CompletionOptions, EvaluateOptions, ProgramOptions
from openmedlm.programs import TEMPLATES, PromptProgram, SamplingParams, Template
from openmedlm.programs.option_order import derive_seed
from openmedlm.programs.sampling_params import Sampling, Thinking
from openmedlm.rationales.trainset import ExemplarPool, load_exemplar_pool
from openmedlm.runs.call_settings import CallSettings, make_call_settings, make_policy
from openmedlm.runs.resolve import load_frozen_args, resolve_endpoint
from openmedlm.terminal.progress import progress_printer
from openmedlm.utils.choices import check_choice
from openmedlm.utils.paths import vectors_directory

_EXTRA_BODY = """'{"min_p": 0.05}'"""

LIMIT_SEED = 0
"""Seed of the questions that `--limit` selects; fixed, so that every run of a benchmark selects the same ones."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Programs, the questions they answer, and the endpoint that answers.

    Attributes:
        calls: Endpoint and settings of the calls to it.
        programs: Programs by name, in the order of the results.
        skipped: Reason for each strategy whose exemplars or rationales the pool lacks, by its name.
        questions: Questions in the order of the split.
        benchmark, split: Name of the benchmark, and of the split.
        source: Source of the questions: `hub`, `sample` or a directory; `python` if the caller gave them.
        pool: Exemplars; empty if no strategy shows any, or if all programs are frozen.
    """

    calls: CallSettings
    programs: Mapping[str, PromptProgram]
    skipped: Mapping[str, str]
    questions: Sequence[Question]
    benchmark: str
    split: str
    source: str
    pool: ExemplarPool = field(default_factory=ExemplarPool)

    def config(self) -> dict[str, Any]:
        """Return the configuration of the run as plain JSON values, without secrets and addresses."""
        policy = asdict(self.calls.policy)
        return {
            "openmedlm": version("openmedlm"),
            "model": self.calls.endpoint.model,
            "identity": self.calls.endpoint.identity,
            "benchmark": self.benchmark,
            "split": self.split,
            "source": self.source,
            "teacher": self.pool.teacher,
            "questions": {"count": len(self.questions), "fingerprint": fingerprint(self.questions)},
            "policy": {name: value for name, value in policy.items() if name not in ("concurrency", "max_retries")},
            "programs": {name: program.describe() for name, program in self.programs.items()},
        }


def plan(
    names: Sequence[str],
    options: EvaluateOptions,
    questions: Sequence[Question] | None = None,
    *,
    skip_missing_rationales: bool = False,
) -> Plan:
    """Plan a run of programs; nothing is sent.

    Args:
        names: Strategies and directories of frozen programs; a name that is repeated runs once.
        options: Model, data, program and request options.
        questions: Questions to answer; None loads the split of the options.
        skip_missing_rationales: Skip a strategy whose exemplars or rationales the pool lacks, instead of refusing it.

    Raises:
        UserError: An option does not fit.
    """
    data, split = options.data, options.split.split
    frozen = load_frozen_args(names, options)
    endpoint = resolve_endpoint(options.model, frozen.values())
    if questions is None:
        split = canonical_split(split)
        questions = subsample(load_split(data.benchmark, split, data.data_dir), options.split.limit)
    programs = {name: each.program for name, each in frozen.items()}
    for program in programs.values():
        check_template(program.template, endpoint)
    skipped: dict[str, str] = {}
    pool = ExemplarPool()
    strategies = [name for name in dict.fromkeys(names) if name not in frozen]
    if strategies:
        compiled, skipped, pool = _compile(strategies, options, endpoint, skip_missing_rationales)
        programs |= compiled
    return Plan(
        calls=make_call_settings(options.requests, endpoint, make_policy(options.requests, endpoint)),
        programs={name: programs[name] for name in dict.fromkeys(names) if name in programs},
        skipped=skipped,
        questions=questions,
        benchmark=data.benchmark,
        split=split,
        source=data.data_dir or "hub",
        pool=pool,
    )


def _compile(
    strategies: Sequence[str], options: EvaluateOptions, endpoint: Endpoint, skip_missing_rationales: bool
) -> tuple[dict[str, PromptProgram], dict[str, str], ExemplarPool]:
    """Compile strategies; return the programs, the reasons of the skipped ones, and the pool."""
    from openmedlm.optimizers.compile import compile_program, shows_rationales
    from openmedlm.optimizers.trainset import MissingRationales

    with_rationales = {name: shows_rationales(name, options.program.member) for name in strategies}
    pool = load_exemplar_pool(options.data, strategies, rationales=any(with_rationales.values()), model=endpoint.model)
    config = make_program_config(options.program, endpoint, options.output.seed)
    programs: dict[str, PromptProgram] = {}
    skipped: dict[str, str] = {}
    for name in strategies:
        exemplars = pool.exemplars(rationales=with_rationales[name])
        try:
            compiled = compile_program(
                name, exemplars, config, vectors_directory(), progress_printer("embedding the pool")
            )
        except MissingRationales as error:
            if not skip_missing_rationales:
                raise
            skipped[name] = str(error)
        else:
            programs[name] = compiled.prompt_program()
    return programs, skipped, pool


def subsample(questions: Sequence[Question], limit: int | None) -> list[Question]:
    """Select at most `limit` questions, in their own order.

    The selection is random, since a split may be sorted by subject. It depends on ids only, so that runs with two seeds
    use the same questions. A larger limit includes the questions of a smaller one, whose completions are cached.
    """
    if limit is None or limit >= len(questions):
        return list(questions)
    ranks = {question.id: derive_seed("limit", LIMIT_SEED, question.id) for question in questions}
    chosen = set(sorted(ranks, key=lambda name: (ranks[name], name))[:limit])
    return [question for question in questions if question.id in chosen]


def make_program_config(program: ProgramOptions, endpoint: Endpoint, seed: int) -> ProgramConfig:
    """Build the configuration of a strategy from the options.

    Raises:
        UserError: An option does not fit.
    """
    values = asdict(program)
    template = choose_template(values.pop("template"), endpoint)
    values["index"] = check_choice(values["index"], ("exact", "hnsw"), "index")
    values["order"] = check_choice(values["order"], ("nearest-last", "nearest-first"), "order")
    others = {name: value for name, value in values.items() if name not in CompletionOptions.__dataclass_fields__}
    return ProgramConfig(**others, **completion_config(program), template=template, seed=seed)


def completion_config(options: CompletionOptions) -> dict[str, Any]:
    """Return the fields of `ProgramConfig` that these options set.

    Raises:
        UserError: An option does not fit.
    """
    marks = tuple(options.thought_mark or ())
    for mark in marks:
        try:
            parse_thought_mark(mark)
        except ValueError as error:
            raise UserError(f"--thought-mark: {error}") from error
    return {
        "max_tokens": options.max_completion_tokens,
        "sampling": check_choice(options.sampling, get_args(Sampling), "--sampling value"),
        "thinking": check_choice(options.thinking, get_args(Thinking), "--thinking value"),
        "thinking_tokens": options.thinking_tokens,
        "extra_body": parse_extra_body(options.extra_body),
        "omit_params": tuple(options.omit_param or ()),
        "thought_marks": marks,
    }


def parse_extra_body(text: str | None) -> Mapping[str, Any]:
    """Return the fields of `--extra-body`.

    Raises:
        UserError: The text is not a JSON object, or holds a field that the program sets.
    """
    if text is None:
        return {}
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UserError(f"--extra-body is not JSON: {error}. Write an object, such as {_EXTRA_BODY}.") from error
    if not isinstance(fields, dict):
        raise UserError(f"--extra-body is not a JSON object: {text}. Write one, such as {_EXTRA_BODY}.")
    try:
        SamplingParams(max_tokens=1, extra_body=fields)
    except ValueError as error:
        raise UserError(f"--extra-body: {error}") from error
    return fields


def choose_template(name: str, endpoint: Endpoint) -> Template:
    """Return the template of that name; `auto` chooses by the kind of model.

    Raises:
        UserError: The name is unknown, or the endpoint does not accept such prompts.
    """
    if name == "auto":
        name = "chat" if endpoint.chat else "plain"
    template = TEMPLATES[check_choice(name, (*TEMPLATES, "auto"), "template")]
    check_template(template, endpoint)
    return template


def check_template(template: Template, endpoint: Endpoint) -> None:
    """Check that the endpoint accepts prompts of the template.

    Raises:
        UserError: It does not.
    """
    if template.kind == "chat" and not endpoint.chat:
        raise UserError(f"{endpoint.model} is a base model without a chat template. Use --template plain.")
    if template.kind == "completion" and not endpoint.text:
        raise UserError(
            f"--template plain needs a completions endpoint, and {endpoint.model} is a chat model. Name --api-base."
        )
