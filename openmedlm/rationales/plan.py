"""Plan of a rationale job: teacher, questions and file, complete before any request is sent."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import get_args

from openmedlm.data import Question, UserError, load_split
from openmedlm.inference import CompletionCache, Endpoint, Policy
from openmedlm.inference.request import Request
from openmedlm.inference.sampling import build_request
from openmedlm.optimizers import ProgramConfig
from openmedlm.optimizers.compile import with_config
from openmedlm.optimizers.rationales import add_to_pool, read_pool
from openmedlm.optimizers.rationales.extract import RationaleFrom
from openmedlm.optimizers.rationales.generate import choose_option_order, make_round_program
from openmedlm.options import CallOptions, CompletionOptions, DataOptions, ModelOptions
from openmedlm.options.pool import PoolOptions
from openmedlm.programs.option_order import reorder
from openmedlm.rationales.run import RationaleJob, find_neighbours
from openmedlm.rationales.trainset import AUTO
from openmedlm.runs.call_settings import choose_concurrency, make_call_settings
from openmedlm.runs.estimate import estimate, expect_thoughts, with_thinking_tokens
from openmedlm.runs.plan import choose_template, completion_config, subsample
from openmedlm.runs.resolve import resolve_endpoint
from openmedlm.terminal.progress import progress_printer
from openmedlm.utils.choices import check_choice
from openmedlm.utils.paths import rationale_pool, vectors_directory


def plan_rationales(
    model: ModelOptions,
    data: DataOptions,
    calls: CallOptions,
    completions: CompletionOptions,
    options: PoolOptions,
    seed: int,
) -> RationaleJob:
    """Plan the requests of `openmedlm pool`; nothing is sent.

    Raises:
        UserError: An option does not fit.
    """
    from openmedlm.programs.cot import CoT

    endpoint = resolve_endpoint(model) if data.teacher == AUTO else _resolve_teacher(data.teacher, options)
    student = CoT(choose_template(options.template, endpoint), seed=seed)
    student.decode = with_config(student.decode, ProgramConfig(**completion_config(completions)))
    benchmark = data.pool or data.benchmark
    pool = load_split(benchmark, "pool", data.data_dir)
    questions = _near_split(pool, data, options) if options.for_split else subsample(pool, options.limit)
    file = options.file
    if file is not None and file.suffix != ".jsonl":
        raise UserError(f"wrong suffix in --output {file}. Name it {file.stem}.jsonl, so that --teacher accepts it.")
    file = file or rationale_pool(benchmark, endpoint.model)
    # Checks before any request is sent that the file is writable and belongs to this teacher.
    add_to_pool(file, ()).check_teacher(endpoint.model, file)
    policy = Policy(choose_concurrency(calls, endpoint), "skip", max_retries=calls.max_retries)
    return RationaleJob(
        calls=make_call_settings(calls, endpoint, policy),
        program=student.prompt_program(),
        questions=questions,
        rounds=options.rounds,
        rationale_from=check_choice(  # type: ignore[arg-type]
            options.rationale_from, get_args(RationaleFrom), "--rationale-from value"
        ),
        file=file,
    )


def estimate_rationales(job: RationaleJob) -> dict[str, int | float | None]:
    """Estimate the first round, and all rounds if no rationale is ever accepted; cached requests are not counted."""
    left = job.left(read_pool(job.file))
    endpoint = job.calls.endpoint
    with CompletionCache(job.calls.store) as cache:
        shown = [reorder(question, choose_option_order(question, 1, job.program.seed)) for question in left]
        thinks = expect_thoughts(make_round_program(job.program, 1), shown, endpoint, cache)
        job = replace(job, program=with_thinking_tokens(job.program, thinks))
        first = estimate(_round_requests(job, 1, left), endpoint, cache, thinks)
        all_rounds = (_round_requests(job, number, left) for number in range(1, job.rounds + 1))
        most = estimate(chain.from_iterable(all_rounds), endpoint, cache, thinks)
    return {
        "questions": len(job.questions),
        "already_in_pool": len(job.questions) - len(left),
        "first_round_calls": first.calls - first.cached,
        "max_calls": most.calls - most.cached,
        "first_round_prompt_tokens": first.prompt_tokens,
        "first_round_max_completion_tokens": first.completion_tokens,
        "completion_tokens_if_thinking": first.completion_tokens_if_thinking,
        "max_cost_usd": most.cost_usd,
    }


def _round_requests(job: RationaleJob, number: int, questions: Sequence[Question]) -> Iterator[Request]:
    """Yield the requests of a round over all of the questions."""
    program = make_round_program(job.program, number)
    for question in questions:
        shown = reorder(question, choose_option_order(question, number, job.program.seed))
        (sample_prompt,) = program.sample_prompts(shown, ())
        yield build_request(program, shown, sample_prompt)


def _resolve_teacher(name: str, options: PoolOptions) -> Endpoint:
    try:
        return resolve_endpoint(
            ModelOptions(model=name, api_base=options.teacher_api_base, api_key=options.teacher_api_key)
        )
    except UserError as error:  # its message names the option of the model
        raise UserError(str(error).replace("--api-base", "--teacher-api-base")) from error


def _near_split(pool: Sequence[Question], data: DataOptions, options: PoolOptions) -> list[Question]:
    """Return the pool questions that are neighbours of the questions of a split."""
    from openmedlm.programs.retrieval import build_index, find_embedder

    split = check_choice(options.for_split or "", ("dev", "test"), "split of --for-split")
    questions = subsample(load_split(data.benchmark, split, data.data_dir), options.limit)
    embedder = find_embedder(options.embedder, options.embedder_api_base)
    index = build_index(pool, embedder, vectors_directory(), on_progress=progress_printer("embedding the pool"))
    return find_neighbours(index, questions, options.neighbours)
