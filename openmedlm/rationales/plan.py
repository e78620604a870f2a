"""From options to what a teacher is asked, before anything is spent."""

from collections.abc import Sequence
from dataclasses import replace

from openmedlm.data import BadInput, Question, load_split
from openmedlm.inference import Endpoint, Policy, VoteStore
from openmedlm.inference.sampling import request
from openmedlm.optimizers.rationales import add_to_pool, read_pool
from openmedlm.optimizers.rationales.generate import order_in, program_of
from openmedlm.options.groups import CallOptions, DataOptions, ModelOptions, PoolOptions
from openmedlm.programs.option_order import reorder
from openmedlm.rationales.run import Lesson, near
from openmedlm.rationales.trainset import AUTO
from openmedlm.runs.estimate import CHARACTERS_A_TOKEN, length, price
from openmedlm.runs.plan import cluster_of, concurrency_of, drawn, template_of
from openmedlm.runs.resolve import endpoint_of
from openmedlm.terminal.progress import telling
from openmedlm.utils.names import known_name
from openmedlm.utils.paths import rationale_pool, vectors_directory, vote_store


def plan_lesson(
    model: ModelOptions,
    data: DataOptions,
    calls: CallOptions,
    options: PoolOptions,
    seed: int,
) -> Lesson:
    """What the `pool` command asks.

    Raises:
        BadInput: an option does not fit.
    """
    from openmedlm.programs.cot import CoT

    endpoint = endpoint_of(model) if data.teacher == AUTO else _teacher(data.teacher, options)
    student = CoT(template_of(options.template, endpoint), seed=seed)
    student.decode = replace(student.decode, max_tokens=options.max_completion_tokens)
    benchmark = data.pool or data.benchmark
    questions = load_split(benchmark, "pool", data.data_dir)
    asked = _near(questions, data, options) if options.for_split else drawn(questions, options.limit)
    file = options.file
    if file is not None and file.suffix != ".jsonl":
        raise BadInput(f"{file}: a pool's file ends in .jsonl, so that --teacher knows it; name it {file.stem}.jsonl")
    file = file or rationale_pool(benchmark, endpoint.model)
    # Before anything is spent: the file can be written, and is this teacher's.
    add_to_pool(file, ()).check_teacher(endpoint.model, file)
    return Lesson(
        endpoint=endpoint,
        program=student.prompt_program(),
        questions=asked,
        rounds=options.rounds,
        file=file,
        policy=Policy(concurrency_of(calls, endpoint), "leave", attempts=calls.attempts),
        timeout=calls.call_timeout,
        store=calls.store or vote_store(),
        cluster=cluster_of(calls),
    )


def estimate_lesson(lesson: Lesson) -> dict[str, int | float | None]:
    """What the lesson would cost: the first round, and at most, if no question ever came right."""
    left = lesson.left(read_pool(lesson.file))
    with VoteStore(lesson.store) as store:
        missing = [_missing(lesson, number, left, store) for number in range(1, lesson.rounds + 1)]
    calls = [len(prompts) for prompts in missing]
    prompts = [sum(some) // CHARACTERS_A_TOKEN for some in missing]
    room = lesson.program.decode.max_tokens
    return {
        "questions": len(lesson.questions),
        "in_the_pool_already": len(lesson.questions) - len(left),
        "calls_of_the_first_round": calls[0],
        "calls_at_most": sum(calls),
        "prompt_tokens_of_the_first_round": prompts[0],
        "completion_tokens_of_the_first_round_at_most": calls[0] * room,
        "cost_usd_at_most": price(lesson.endpoint, sum(prompts), sum(calls) * room),
    }


def _missing(lesson: Lesson, number: int, questions: Sequence[Question], store: VoteStore) -> list[int]:
    """The lengths in characters of a round's prompts whose completions are not in the store."""
    program = program_of(lesson.program, number)
    found = []
    for question in questions:
        shown = reorder(question, order_in(question, number, lesson.program.seed))
        (ballot,) = program.ballots(shown, ())
        if store.get(request(program, shown, ballot).key(lesson.endpoint.identity)) is None:
            found.append(length(ballot.prompt))
    return found


def _teacher(name: str, options: PoolOptions) -> Endpoint:
    try:
        return endpoint_of(ModelOptions(model=name, api_base=options.teacher_api_base, api_key=options.teacher_api_key))
    except BadInput as error:  # which speaks of the model's own option
        raise BadInput(str(error).replace("--api-base", "--teacher-api-base")) from error


def _near(questions: Sequence[Question], data: DataOptions, options: PoolOptions) -> list[Question]:
    from openmedlm.programs.retrieval import build_index, find_embedder

    split = known_name(options.for_split or "", ("dev", "test"), "split to find neighbours for")
    asked = drawn(load_split(data.benchmark, split, data.data_dir), options.limit)
    embedder = find_embedder(options.embedder, options.embedder_api_base)
    index = build_index(questions, embedder, vectors_directory(), told=telling("embedding the pool"))
    return near(index, asked, options.neighbours)
