"""From options to what a teacher is asked, before anything is spent."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from openmedlm.data import Question, UserError, load_split
from openmedlm.inference import CompletionCache, Endpoint, Policy
from openmedlm.inference.request import Request
from openmedlm.inference.sampling import build_request
from openmedlm.optimizers.rationales import add_to_pool, read_pool
from openmedlm.optimizers.rationales.generate import choose_option_order, make_round_program
from openmedlm.options.groups import CallOptions, DataOptions, ModelOptions, PoolOptions
from openmedlm.programs.option_order import reorder
from openmedlm.rationales.run import RationaleJob, near
from openmedlm.rationales.trainset import AUTO
from openmedlm.runs.call_settings import choose_concurrency, make_call_settings
from openmedlm.runs.estimate import estimate
from openmedlm.runs.plan import choose_template, subsample
from openmedlm.runs.resolve import resolve_endpoint
from openmedlm.terminal.progress import progress_printer
from openmedlm.utils.names import check_choice
from openmedlm.utils.paths import rationale_pool, vectors_directory


def plan_rationales(
    model: ModelOptions,
    data: DataOptions,
    calls: CallOptions,
    options: PoolOptions,
    seed: int,
) -> RationaleJob:
    """What the `pool` command asks.

    Raises:
        UserError: an option does not fit.
    """
    from openmedlm.programs.cot import CoT

    endpoint = resolve_endpoint(model) if data.teacher == AUTO else _teacher(data.teacher, options)
    student = CoT(choose_template(options.template, endpoint), seed=seed)
    student.decode = replace(student.decode, max_tokens=options.max_completion_tokens)
    benchmark = data.pool or data.benchmark
    questions = load_split(benchmark, "pool", data.data_dir)
    asked = _near(questions, data, options) if options.for_split else subsample(questions, options.limit)
    file = options.file
    if file is not None and file.suffix != ".jsonl":
        raise UserError(f"{file}: a pool's file ends in .jsonl, so that --teacher knows it; name it {file.stem}.jsonl")
    file = file or rationale_pool(benchmark, endpoint.model)
    # Before anything is spent: the file can be written, and is this teacher's.
    add_to_pool(file, ()).check_teacher(endpoint.model, file)
    return RationaleJob(
        calls=make_call_settings(
            calls, endpoint, Policy(choose_concurrency(calls, endpoint), "skip", max_retries=calls.max_retries)
        ),
        program=student.prompt_program(),
        questions=asked,
        rounds=options.rounds,
        file=file,
    )


def estimate_rationales(job: RationaleJob) -> dict[str, int | float | None]:
    """Estimate the first round, and all rounds if no rationale is ever accepted; cached requests are not counted."""
    left = job.left(read_pool(job.file))
    endpoint = job.calls.endpoint
    with CompletionCache(job.calls.store) as cache:
        first = estimate(_round_requests(job, 1, left), endpoint, cache)
        all_rounds = (_round_requests(job, number, left) for number in range(1, job.rounds + 1))
        most = estimate(chain.from_iterable(all_rounds), endpoint, cache)
    return {
        "questions": len(job.questions),
        "in_the_pool_already": len(job.questions) - len(left),
        "calls_of_the_first_round": first.calls - first.cached,
        "calls_at_most": most.calls - most.cached,
        "prompt_tokens_of_the_first_round": first.prompt_tokens,
        "completion_tokens_of_the_first_round_at_most": first.completion_tokens,
        "cost_usd_at_most": most.cost_usd,
    }


def _round_requests(job: RationaleJob, number: int, questions: Sequence[Question]) -> Iterator[Request]:
    """Yield the requests of a round that asks all of the questions."""
    program = make_round_program(job.program, number)
    for question in questions:
        shown = reorder(question, choose_option_order(question, number, job.program.seed))
        (sample_prompt,) = program.sample_prompts(shown, ())
        yield build_request(program, shown, sample_prompt)


def _teacher(name: str, options: PoolOptions) -> Endpoint:
    try:
        return resolve_endpoint(
            ModelOptions(model=name, api_base=options.teacher_api_base, api_key=options.teacher_api_key)
        )
    except UserError as error:  # which speaks of the model's own option
        raise UserError(str(error).replace("--api-base", "--teacher-api-base")) from error


def _near(questions: Sequence[Question], data: DataOptions, options: PoolOptions) -> list[Question]:
    from openmedlm.programs.retrieval import build_index, find_embedder

    split = check_choice(options.for_split or "", ("dev", "test"), "split to find neighbours for")
    asked = subsample(load_split(data.benchmark, split, data.data_dir), options.limit)
    embedder = find_embedder(options.embedder, options.embedder_api_base)
    index = build_index(questions, embedder, vectors_directory(), on_progress=progress_printer("embedding the pool"))
    return near(index, asked, options.neighbours)
