"""Rules for keeping a teacher's text, and for asking again."""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from model_server import Asked, ModelServer, Reply

from openmedlm.data import Question
from openmedlm.inference import CompletionCache
from openmedlm.optimizers.rationales import RationalePool, RationaleRecord, report
from openmedlm.optimizers.rationales.pool import question_sha256
from openmedlm.programs import PLAIN
from openmedlm.programs.sampling_params import REASONING_TOKENS

Ask = Callable[..., Question]


def shown(request: Asked) -> dict[str, str]:
    """Return letter to option text, as the request shows them."""
    lines = request.question.split("\n")
    return {line[0]: line[3:] for line in lines if line[1:3] == ". "}


def letter_of(request: Asked, text: str = "gold") -> str:
    (letter,) = (letter for letter, option in shown(request).items() if option == text)
    return letter


def stem(request: Asked) -> str:
    return request.question.split("\n")[0].removeprefix("Question: ")


def right(request: Asked) -> Reply:
    return Reply(f"The chart says so.\n\nAnswer: {letter_of(request)}")


def closing_on(text: str) -> Callable[[Asked], Reply]:
    return lambda request: Reply(f"The chart says so.\n\nAnswer: {letter_of(request, text)}")


def repeated_requests(server: ModelServer) -> list[bytes]:
    return [request for request, count in Counter(a.identity for a in server.requests).items() if count > 1]


def test_correct_reasoning_is_kept_without_closing(teach: Any, server: ModelServer, make_question: Ask) -> None:
    server.reply = right
    questions = [make_question(number) for number in range(4)]
    job = teach(questions)
    assert len(job.rounds) == 1
    for question in questions:
        record = job.get(question)
        assert (record.rationale, record.letters, record.order) == ("The chart says so.", (question.answer,), "ABCD")
        assert record.teacher == "hosted_vllm/wise"


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        (Reply("The chart says so.\n\nAnswer: B"), "B"),
        (Reply("I could not say."), None),
        (Reply(""), None),
        (Reply("The chart says so.\n\nAnswer: A", finish_reason="length"), None),
        (Reply("The chart says so, and", finish_reason="length"), None),
        (Reply("Answer: A"), None),
        (Reply("A. gold"), None),
        (Reply("Answer: A\n\nThe chart says so, and charts are right."), None),
        (Reply("A is right, since the chart says so."), None),
        (Reply("The chart says so.\n\nAnswer: E"), None),
        (Reply("The chart says so.\n\nAnswer: A or B"), None),
    ],
    ids=[
        *("wrong", "no letter", "empty", "cut off after its letter", "cut off", "letter alone", "option alone"),
        *("answer first", "letter in the reasoning", "letter that is none", "two letters"),
    ],
)
def test_reply_without_correct_closing_is_asked_again(
    reply: Reply, letter: str | None, teach: Any, server: ModelServer, make_question: Ask
) -> None:
    question = make_question(answer="A")
    server.reply = lambda request: reply if len(server.requests) == 1 else right(request)
    record = teach([question]).get(question)
    # A reply that is cut off is requested with tokens for thoughts, too, to see whether the model thinks.
    assert sum(body["max_tokens"] == REASONING_TOKENS for body in server.bodies) == 2
    assert record.letters == (letter, "A")
    assert record.rationale == "The chart says so."


def test_record_letter_follows_the_order_shown(teach: Any, server: ModelServer, make_question: Ask) -> None:
    """From the second round on, the question's gold letter mostly shows another option."""
    question = make_question(answer="A")
    server.reply = lambda request: Reply(
        "I can't say." if len(server.requests) == 1 else f"So.\n\nAnswer: {own(request)}"
    )

    def own(request: Asked) -> str:
        assert letter_of(request) != "A"
        return "A"

    record = teach([question], rounds=2, seed=1).get(question)
    assert record.rationale is None
    assert record.letters[1] not in (None, "A")


def test_round_temperature_rises_to_one(teach: Any, server: ModelServer, make_question: Ask) -> None:
    server.reply = closing_on("organ D")
    teach([make_question()], rounds=6)
    assert [body["temperature"] for body in server.bodies] == [0, 0.25, 0.5, 0.75, 1, 1]
    seeds = [body.get("seed") for body in server.bodies]
    assert seeds[0] is None
    assert len(set(seeds)) == 6


def test_each_round_shows_another_order(teach: Any, server: ModelServer, make_question: Ask) -> None:
    server.reply = closing_on("organ D")
    question = make_question(answer="B")
    record = teach([question], rounds=6).get(question)
    orders = [tuple(shown(request).values()) for request in server.requests]
    assert orders[0] == tuple(question.options.values())
    assert len(set(orders)) == 6
    assert len({letter_of(request, "organ D") for request in server.requests}) > 1
    assert record.letters == ("D",) * 6
    assert (record.rationale, record.order, record.key) == (None, None, None)


def test_record_keeps_the_order_of_its_rationale(teach: Any, server: ModelServer, make_question: Ask) -> None:
    server.reply = lambda request: (
        Reply("No.")
        if len(server.requests) < 3
        else Reply(f"It is {letter_of(request)}.\n\nAnswer: {letter_of(request)}")
    )
    question = make_question(answer="B")
    job = teach([question], seed=3)
    exemplar = job.pool.exemplar(question)
    assert dict(exemplar.question.options) == shown(server.requests[-1])
    assert exemplar.question.options[exemplar.question.answer] == "gold"
    assert exemplar.rationale == f"It is {exemplar.question.answer}."
    assert "".join(question.options) != job.get(question).order


@pytest.mark.parametrize("last", ["All of the above", "Both A and C", "None of the above"])
def test_option_about_others_keeps_the_order(last: str, teach: Any, server: ModelServer, make_question: Ask) -> None:
    question = make_question(options={"A": "gold", "B": "organ B", "C": "organ C", "D": last}, answer="A")
    server.reply = closing_on("organ B")
    teach([question], rounds=6)
    assert {tuple(shown(request).items()) for request in server.requests} == {tuple(question.options.items())}
    assert len(server.requests) == 6


def test_question_with_a_rationale_is_skipped(teach: Any, server: ModelServer, make_question: Ask) -> None:
    questions = [make_question(number) for number in range(3)]
    known = RationaleRecord("q001", question_sha256(questions[1]), "another", ("B",), "Known.", "ABCD")
    server.reply = right
    job = teach(questions, RationalePool((known,)))
    assert {stem(request) for request in server.requests} == {questions[0].question, questions[2].question}
    assert job.get(questions[1]) == known


def test_only_wrong_questions_are_asked_again(teach: Any, server: ModelServer, make_question: Ask) -> None:
    questions = [make_question(n, answer="BCD"[n % 3]) for n in range(8)]
    wanting = {question.question: n for n, question in enumerate(questions)}
    seen: Counter[str] = Counter()

    def right_in_its_round(request: Asked) -> Reply:
        seen[stem(request)] += 1
        return right(request) if seen[stem(request)] > wanting[stem(request)] % 4 else closing_on("organ A")(request)

    server.reply = right_in_its_round
    begun: list[tuple[str, int]] = []
    job = teach(
        questions,
        concurrency=1,
        on_round=lambda name, count: begun.append((name, count)),
    )
    assert begun == [("round 1", 8), ("round 2", 6), ("round 3", 4), ("round 4", 2)]
    assert [len(written.records) for written in job.rounds] == [8, 6, 4, 2]
    assert len(server.requests) == 20


def test_generate_stops_after_max_rounds(teach: Any, server: ModelServer, make_question: Ask) -> None:
    server.reply = lambda request: Reply("No.")
    question = make_question()
    record = teach([question], rounds=2).get(question)
    assert (len(server.requests), record.letters, record.rationale) == (2, (None, None), None)


def test_generate_again_repeats_without_requests(teach: Any, server: ModelServer, make_question: Ask) -> None:
    questions = [make_question(number) for number in range(12)]
    server.reply = lambda request: Reply(f"So.\n\nAnswer: {'ABCD'[hashlib.sha256(request.identity).digest()[0] % 4]}")
    first = teach(questions, rounds=3)
    sent = len(server.requests)
    from_the_start = teach(questions, rounds=3)
    going_on = teach(questions, first.pool, rounds=3)
    assert (len(server.requests), repeated_requests(server)) == (sent, [])
    assert from_the_start.pool == going_on.pool == first.pool
    more = teach(questions, first.pool, rounds=4)
    assert len(server.requests) == sent + len(report(first.pool, questions).never_right)
    assert more.pool == teach(questions, rounds=4, store="another", concurrency=1).pool


def test_endpoint_error_leaves_the_question_open(teach: Any, server: ModelServer, make_question: Ask) -> None:
    questions = [make_question(number) for number in range(3)]
    server.reply = lambda request: (
        Reply("too long for me", status=400) if stem(request) == questions[1].question else right(request)
    )
    job = teach(questions)
    assert job.pool.get(questions[1]) is None
    assert len(job.errors) == 1
    assert "too long for me" in job.errors[0]
    assert [stem(request) for request in server.requests].count(questions[1].question) == 1
    server.reply = right
    before = len(server.requests)
    again = teach(questions, job.pool)
    assert again.get(questions[1]).letters == (questions[1].answer,)
    assert (again.errors, len(server.requests)) == ([], before + 1)


def test_error_in_a_later_round_keeps_earlier_ones(teach: Any, server: ModelServer, make_question: Ask) -> None:
    question = make_question(answer="A")
    server.reply = lambda request: (
        closing_on("organ C")(request) if len(server.requests) == 1 else Reply("overloaded", status=503)
    )
    job = teach([question])
    assert job.get(question).letters == ("C",)
    server.reply = right
    record = teach([question], job.pool).get(question)
    assert record.letters == ("C", "A")
    assert len(server.requests) == 3


def test_record_names_prompt_and_completion(
    teach: Any, server: ModelServer, make_question: Ask, tmp_path: Path
) -> None:
    question = make_question(context=("The chart is of 1908.",))
    server.reply = lambda request: closing_on("organ D")(request) if len(server.requests) < 3 else right(request)
    record = teach([question]).get(question)
    sent = server.bodies[-1]["messages"]
    assert record.prompt_sha256 == hashlib.sha256(orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)).hexdigest()
    with CompletionCache(tmp_path / "votes.sqlite") as store:
        assert record.key is not None
        completion = store.get(record.key)
    assert completion is not None
    assert completion.text.startswith(f"{record.rationale}\n\n")


def test_record_hashes_a_completion_prompt_as_sent(teach: Any, server: ModelServer, make_question: Ask) -> None:
    question = make_question()
    server.reply = lambda request: Reply(f" The chart says so.\nAnswer: {question.answer}")
    record = teach([question], template=PLAIN).get(question)
    (body,) = server.bodies
    assert body["prompt"].endswith("Let's think step by step.")
    assert record.prompt_sha256 == hashlib.sha256(orjson.dumps(body["prompt"])).hexdigest()
    assert record.rationale == "The chart says so."


def test_record_sums_tokens_of_all_rounds(teach: Any, server: ModelServer, make_question: Ask) -> None:
    server.reply = lambda request: closing_on("organ D")(request) if len(server.requests) < 3 else right(request)
    question = make_question()
    record = teach([question]).get(question)
    assert record.prompt_tokens == sum(len(str(request.prompt).split()) for request in server.requests)
    assert (record.completion_tokens, record.cost_usd) == (3 * 6, 0.0)


def test_generate_is_independent_of_concurrency(teach: Any, server: ModelServer, make_question: Ask) -> None:
    def drawn(request: Asked) -> Reply:
        draw = hashlib.sha256(request.identity).digest()
        return Reply(f"So.\n\nAnswer: {'ABCD'[draw[0] % 4]}", delay=draw[1] / 256 / 50)

    server.reply = drawn
    questions = [make_question(number) for number in range(16)]
    assert teach(questions, concurrency=1, store="one").pool == teach(questions, concurrency=64, store="many").pool
    assert server.busiest > 1


def test_teacher_that_guesses_is_right_by_chance(teach: Any, server: ModelServer, make_question: Ask) -> None:
    """A teacher that always answers A is right in a quarter of the cases, in every round."""
    server.reply = lambda request: Reply("It must be so.\n\nAnswer: A")
    questions = [make_question(number) for number in range(240)]
    job = teach(questions, rounds=4, concurrency=32)
    rounds = report(job.pool, questions).rounds
    assert (rounds[0].asked, rounds[0].kept) == (240, 60)
    for each in rounds[1:]:
        spread = (each.asked * 0.25 * 0.75) ** 0.5
        assert abs(each.kept - each.expected_by_guessing) < 3 * spread
        assert each.expected_by_guessing == each.asked / 4


def test_on_outcome_gets_every_outcome(teach: Any, server: ModelServer, make_question: Ask) -> None:
    server.reply = right
    seen: list[str] = []
    lock = threading.Lock()

    def note(outcome: Any) -> None:
        with lock:
            seen.append(outcome.question_id)

    teach([make_question(number) for number in range(5)], on_outcome=note)
    assert sorted(seen) == [f"q{number:03}" for number in range(5)]


def test_generate_without_questions_sends_nothing(teach: Any, server: ModelServer) -> None:
    assert teach([]).rounds == []
    assert server.requests == []


def test_rationale_excludes_thoughts(teach: Any, server: ModelServer, make_question: Ask) -> None:
    server.reply = lambda request: Reply(
        f"<think>I ponder B. Hmm.</think>The chart says so.\n\nAnswer: {letter_of(request)}"
    )
    job = teach([make_question(1)])
    assert job.get(make_question(1)).rationale == "The chart says so."


def test_thoughts_without_rationale_are_asked_again(teach: Any, server: ModelServer, make_question: Ask) -> None:
    server.reply = lambda request: Reply(f"<think>The chart says so.</think>Answer: {letter_of(request)}")
    job = teach([make_question(1)], rounds=2)
    assert job.get(make_question(1)).letters == (None, None)
