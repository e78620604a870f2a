"""`openmedlm pool`, from the command line to the exemplars of other commands."""

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from model_server import Asked, ModelServer, Reply

from openmedlm.data import load_split
from openmedlm.optimizers.rationales import read_pool
from openmedlm.programs.retrieval import find_embedder
from openmedlm.utils.paths import rationale_pool

FIELDS = {
    "benchmark",
    "teacher",
    "file",
    "questions",
    "kept",
    "rounds",
    "never_right",
    "unfinished",
    "not_asked",
    "calls",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "errors",
}

POOL = {question.question: question for question in load_split("mmlu", "pool", "sample")}


def stem(asked: Asked) -> str:
    return asked.question.split("\n")[0].removeprefix("Question: ")


def right(asked: Asked) -> Reply:
    """Reply with reasoning that ends on the correct option, whatever its letter."""
    question = POOL[stem(asked)]
    lines = asked.question.split("\n")[-len(question.options) :]
    (letter,) = (line[0] for line in lines if line[3:] == question.options[question.answer])
    return Reply(f"The textbook has it so.\n\nAnswer: {letter}")


def drawn(asked: Asked) -> Reply:
    """Reply with reasoning that ends on a letter from a hash of the request."""
    return Reply(f"It may be.\n\nAnswer: {'ABCD'[hashlib.sha256(asked.identity).digest()[0] % 4]}")


def wrong(asked: Asked) -> Reply:
    return Reply("I can't decide.")


@pytest.fixture(autouse=True)
def teacher(server: ModelServer) -> None:
    server.reply = right


def served_twice(requests: list[Asked]) -> list[bytes]:
    return [asked for asked, count in Counter(a.identity for a in requests).items() if count > 1]


def test_pool_json_counts_rounds_calls_and_tokens(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    ended = openmedlm("pool", *hosted, "--json")
    assert ended.code == 0
    result = ended.json
    assert set(result) >= FIELDS
    assert result["rounds"] == [{"number": 1, "asked": 24, "kept": 24, "expected_by_guessing": 6.0, "unparsed": 0}]
    assert (result["benchmark"], result["teacher"]) == ("mmlu", "hosted_vllm/small")
    assert (result["questions"], result["kept"], result["calls"], result["errors"]) == (24, 24, 24, 0)
    assert (result["never_right"], result["not_asked"], result["cost_usd"]) == ([], 0, 0.0)
    assert result["prompt_tokens"] == sum(len(str(asked.prompt).split()) for asked in server.requests)
    pool = read_pool(Path(result["file"]))
    assert [pool.exemplar(question).rationale for question in POOL.values()] == ["The textbook has it so."] * 24


def test_pool_table_compares_rounds_with_guessing(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    hard = list(POOL)[:6]
    server.reply = lambda asked: wrong(asked) if stem(asked) in hard else right(asked)
    ended = openmedlm("pool", *hosted, "--rounds", 2)
    assert ended.code == 0
    assert "Rationales of hosted_vllm/small for 24 questions of mmlu" in ended.out
    rows = [line.split() for line in ended.out.splitlines() if line.split()[:1] in (["1"], ["2"])]
    assert rows == [["1", "24", "18", "75.0", "6.0", "6"], ["2", "6", "0", "0.0", "1.5", "6"]]
    assert "Accepted: 18 of 24 questions with 30 calls" in ended.out
    assert ": 6 (sample-mmlu-pool-01, " in ended.out
    assert "not medical advice" in ended.out
    assert str(rationale_pool("mmlu", "hosted_vllm/small")) in ended.out


def test_pool_twice_sends_nothing_and_prints_the_same(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    server.reply = drawn
    first = openmedlm("pool", *hosted, "--rounds", 3, "--json")
    file = Path(first.json["file"])
    requests, written = len(server.requests), file.read_bytes()
    again = openmedlm("pool", *hosted, "--rounds", 3, "--json")
    assert (again.out, len(server.requests), file.read_bytes()) == (first.out, requests, written)


def test_pool_with_more_rounds_sends_only_the_new_round(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    server.reply = drawn
    first = openmedlm("pool", *hosted, "--rounds", 1, "--json").json
    assert len(server.requests) == 24
    both = openmedlm("pool", *hosted, "--rounds", 2, "--json").json
    assert both["rounds"][0] == first["rounds"][0]
    assert both["rounds"][1]["asked"] == len(first["never_right"]) == len(server.requests) - 24
    assert {body["temperature"] for body in server.bodies[24:]} == {0.25}
    assert served_twice(server.requests) == []


def test_pool_with_fewer_rounds_keeps_the_file(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    server.reply = drawn
    openmedlm("pool", *hosted, "--rounds", 3)
    file = rationale_pool("mmlu", "hosted_vllm/small")
    before = file.read_bytes()
    openmedlm("pool", *hosted, "--rounds", 1)
    assert file.read_bytes() == before


@pytest.mark.parametrize("answers", [0, 10, 30])
def test_pool_resumes_after_the_endpoint_failed(
    answers: int, openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer, tmp_path: Path
) -> None:
    """The server fails permanently after that many answers, in the first round or the second."""
    served: list[Asked] = []

    def reply(asked: Asked) -> Reply:
        if len(served) >= answers:
            return Reply("out of memory", status=500)
        served.append(asked)
        return drawn(asked)

    server.reply = reply
    one_by_one = ("--max-retries", 0, "--max-concurrency", 1, "--rounds", 3, "--json")
    ended = openmedlm("pool", *hosted, *one_by_one)
    assert ended.code == (3 if answers else 2)
    assert "out of memory" in ended.err
    assert "Traceback" not in ended.err
    if answers == 10:
        assert ended.json["not_asked"] == 14
        assert ended.json["errors"] == 24 - ended.json["kept"]
    answers = 10**6
    resumed = openmedlm("pool", *hosted, *one_by_one)
    assert resumed.code == 0
    assert served_twice(served) == []
    uninterrupted = openmedlm("pool", *hosted, *one_by_one, "--store", tmp_path / "new.sqlite", "-o", "new.jsonl")
    assert uninterrupted.json | {"file": ""} == resumed.json | {"file": ""}
    assert Path("new.jsonl").read_bytes() == Path(resumed.json["file"]).read_bytes()


def test_pool_after_sigkill_resends_only_requests_in_flight(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer, start_command: Callable
) -> None:
    server.reply = lambda asked: Reply(drawn(asked).text, delay=0.1)
    running = start_command("pool", *hosted, "--rounds", 2, "--max-concurrency", 1)
    server.wait_for(28)
    running.kill()
    running.communicate(60)
    server.reply = drawn
    ended = openmedlm("pool", *hosted, "--rounds", 2, "--json")
    assert ended.code == 0
    assert len(server.requests) - ended.json["calls"] in (0, 1)
    assert len(served_twice(server.requests)) <= 1


def test_pool_larger_limit_includes_a_smaller_one(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    assert openmedlm("pool", *hosted, "--limit", 5, "--json").json["questions"] == 5
    assert len(server.requests) == 5
    assert openmedlm("pool", *hosted, "--limit", 8, "--json").json["kept"] == 8
    assert len(server.requests) == 8


def nearest_two() -> set[str]:
    """Return the stems of pool questions among the two nearest of any dev question, by plain arithmetic."""
    dev = load_split("mmlu", "dev", "sample")
    embedder = find_embedder()
    pool = embedder.encode(list(POOL))
    similarities = embedder.encode([question.question for question in dev]) @ pool.T
    return {list(POOL)[row] for rows in np.argsort(-similarities, axis=1)[:, :2] for row in rows}


def test_pool_for_split_uses_neighbours_only(openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer) -> None:
    expected = nearest_two()
    assert 2 < len(expected) < 24
    ended = openmedlm("pool", *hosted, "--for-split", "dev", "--neighbours", 2, "--json")
    assert Counter(stem(asked) for asked in server.requests) == dict.fromkeys(expected, 1)
    assert (ended.code, ended.json["questions"], ended.json["kept"]) == (0, len(expected), len(expected))


def test_pool_for_split_covers_exemplars_of_evaluate(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    """A pool for `--limit 3` gives `evaluate knn-cot --limit 3 -k 2` the exemplars that the whole pool gives it."""
    openmedlm("pool", *hosted, "--for-split", "dev", "--neighbours", 2, "--limit", 3)
    assert 2 <= len(server.requests) <= 6
    with_rationale = {stem(asked) for asked in server.requests}
    server.requests.clear()
    server.reply = lambda asked: Reply("So it is.\n\nAnswer: A")
    openmedlm("evaluate", "knn-cot", *hosted, "--limit", 3, "-k", 2)
    shown = [turn["content"] for body in server.bodies for turn in body["messages"][1:-1] if turn["role"] == "user"]
    assert {content.split("\n")[0].removeprefix("Question: ") for content in shown} == with_rationale
    assert len(shown) == 6


def test_pool_with_dataset_teacher_sends_nothing(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    ended = openmedlm("pool", *hosted, "--teacher", "dataset", "--json")
    assert ended.code == 0
    assert ended.json == {"teacher": "dataset", "questions": 24, "kept": 24, "closing_on_another_letter": 0}
    result = openmedlm("pool", *hosted, "--teacher", "dataset").out
    assert "24 of 24" in result
    assert "--teacher dataset" in result
    assert server.requests == []


def test_pool_counts_explanations_ending_on_a_wrong_letter(openmedlm: Callable, tmp_path: Path) -> None:
    own = tmp_path / "own" / "mine"
    own.mkdir(parents=True)
    explanations = ["It is so. The answer is A.", "It is so. The answer is B.", "It is so.", None]
    lines = [
        {"id": f"q{n}", "question": f"What is {n}?", "options": ["yes", "no"], "answer": "A", "explanation": text}
        for n, text in enumerate(explanations)
    ]
    (own / "pool.jsonl").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    ended = openmedlm("pool", "-b", "mine", "--data-dir", own.parent, "--teacher", "dataset", "--json")
    assert ended.json == {"teacher": "dataset", "questions": 4, "kept": 2, "closing_on_another_letter": 1}


def test_pool_dry_run_estimates_and_sends_nothing(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    ended = openmedlm("pool", *hosted, "--dry-run", "--rounds", 3, "--json")
    assert (ended.code, server.requests) == (0, [])
    assert not rationale_pool("mmlu", "hosted_vllm/small").exists()
    result = ended.json
    assert (result["dry_run"], result["questions"], result["already_in_pool"]) == (True, 24, 0)
    assert (result["first_round_calls"], result["max_calls"]) == (24, 72)
    assert (result["first_round_max_completion_tokens"], result["max_cost_usd"]) == (24 * 500, 0.0)
    assert "(maximum): 72" in openmedlm("pool", *hosted, "--dry-run", "--rounds", 3).out
    openmedlm("pool", *hosted, "--limit", 10)
    assert openmedlm("pool", *hosted, "--dry-run", "--json").json["already_in_pool"] == 10


def test_pool_with_teacher_asks_and_records_the_teacher(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    with ModelServer() as other:
        other.reply = right
        from_elsewhere = ("--teacher", "hosted_vllm/big", "--teacher-api-base", other.base_url)
        ended = openmedlm("pool", *hosted, *from_elsewhere, "--teacher-api-key", "sk-of-the-teacher", "--json")
        assert (ended.code, len(other.requests), server.requests) == (0, 24, [])
        assert {body["model"] for body in other.bodies} == {"big"}
        assert {asked.authorization for asked in other.requests} == {"Bearer sk-of-the-teacher"}
    assert ended.json["teacher"] == "hosted_vllm/big"
    assert Path(ended.json["file"]) == rationale_pool("mmlu", "hosted_vllm/big")
    server.reply = lambda asked: Reply("So it is.\n\nAnswer: A")
    for teacher, shown in (("hosted_vllm/big", True), ("auto", False), ("dataset", False)):
        server.requests.clear()
        store = ("--store", f"{teacher.replace('/', '-')}.sqlite")
        command = ("evaluate", "few-shot-cot", *hosted, "--teacher", teacher, "-k", 1, "--limit", 2, *store)
        assert openmedlm(*command, "--json").json["teacher"] == ("dataset" if teacher == "auto" else teacher)
        answers = [body["messages"][2]["content"] for body in server.bodies]
        assert [answer.startswith("The textbook has it so.") for answer in answers] == [shown, shown]


def test_teacher_auto_shows_the_models_own_pool(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    openmedlm("pool", *hosted)
    server.requests.clear()
    server.reply = lambda asked: Reply("So it is.\n\nAnswer: A")
    ended = openmedlm("evaluate", "few-shot-cot", *hosted, "--limit", 1, "-k", 2)
    assert "exemplars: " in ended.out
    assert "hosted_vllm/small." in ended.out
    answers = [turn["content"] for turn in server.bodies[0]["messages"] if turn["role"] == "assistant"]
    assert [answer.split("\n")[0] for answer in answers] == ["The textbook has it so."] * 2


def test_compile_with_pool_file_shows_its_rationales(
    openmedlm: Callable, hosted: tuple[str, ...], tmp_path: Path
) -> None:
    ended = openmedlm("pool", *hosted, "-o", tmp_path / "mine.jsonl", "--json")
    assert ended.json["file"] == str(tmp_path / "mine.jsonl")
    assert not rationale_pool("mmlu", "hosted_vllm/small").exists()
    made = openmedlm(
        *("compile", "-s", "few-shot-cot", *hosted, "--no-score", "-k", 3),
        *("--teacher", tmp_path / "mine.jsonl", "-o", tmp_path / "program"),
    )
    assert made.code == 0
    golden = orjson.loads((tmp_path / "program" / "golden.jsonl").read_bytes().splitlines()[0])
    answers = [turn["content"] for turn in golden["votes"][0]["prompt"] if turn["role"] == "assistant"]
    assert [answer.split("\n")[0] for answer in answers] == ["The textbook has it so."] * 3
    (teacher,) = orjson.loads((tmp_path / "program" / "program.json").read_bytes())["provenance"]["teachers"].items()
    assert teacher[0].startswith("hosted_vllm/small")
    assert teacher[1] == 3


def test_rationale_is_shown_with_its_own_option_order(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer, tmp_path: Path
) -> None:
    """Every question is correct in round 2 only, so every exemplar has the option order of that round."""
    asked_about: Counter[str] = Counter()

    def correct_second_time(asked: Asked) -> Reply:
        asked_about[stem(asked)] += 1
        return right(asked) if asked_about[stem(asked)] == 2 else wrong(asked)

    server.reply = correct_second_time
    openmedlm("pool", *hosted, "-o", tmp_path / "mine.jsonl", "--rounds", 2)
    second = {stem(asked): asked.question for asked in server.requests[24:]}
    server.requests.clear()
    server.reply = lambda asked: Reply("So it is.\n\nAnswer: A")
    openmedlm("evaluate", "few-shot-cot", *hosted, "--limit", 1, "-k", 4, "--teacher", tmp_path / "mine.jsonl")
    shown = [turn["content"] for turn in server.bodies[0]["messages"][1:-1] if turn["role"] == "user"]
    assert shown == [second[content.split("\n")[0].removeprefix("Question: ")] for content in shown]
    assert len(shown) == 4


def test_pool_of_another_benchmark_has_its_own_file(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    server.reply = wrong
    ended = openmedlm("pool", *hosted, "--pool", "medmcqa", "--rounds", 1, "--json")
    assert Path(ended.json["file"]) == rationale_pool("medmcqa", "hosted_vllm/small")
    stems = {question.question for question in load_split("medmcqa", "pool", "sample")}
    assert {stem(asked) for asked in server.requests} == stems


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "pool.json"), "pool.jsonl"),
        (("-o", "pool"), "pool.jsonl"),
        (("--for-split", "deev"), 'did you mean "dev"'),
        (("--teacher", "big"), "no provider"),
        (("--template", "chatt"), 'did you mean "chat"'),
        (("--rounds", "0"), "--rounds"),
        (("--limit", "0"), "--limit"),
    ],
)
def test_pool_wrong_option_fails_before_any_request(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer, arguments: tuple[str, ...], message: str
) -> None:
    ended = openmedlm("pool", *hosted, *arguments)
    assert (ended.code, ended.out, server.requests) == (2, "", [])
    assert message in ended.err
    assert "Traceback" not in ended.err
    if not message.startswith("--"):
        assert ended.err.count("\n") == 1


def test_pool_foreign_file_fails_before_any_request(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer, tmp_path: Path
) -> None:
    file = tmp_path / "notes.jsonl"
    file.write_text('{"note": "precious"}\n')
    for command in (("pool", "-o", file), ("evaluate", "few-shot-cot", "--teacher", file)):
        ended = openmedlm(*command, *hosted)
        assert (ended.code, ended.out, server.requests) == (2, "", [])
        assert "notes.jsonl:1" in ended.err
        assert ended.err.count("\n") == 1
    assert file.read_text() == '{"note": "precious"}\n'


def test_evaluate_teacher_without_pool_names_the_command(openmedlm: Callable, hosted: tuple[str, ...]) -> None:
    for teacher in ("hosted_vllm/big", "none.jsonl"):
        ended = openmedlm("evaluate", "few-shot-cot", *hosted, "--teacher", teacher)
        assert ended.code == 2
        assert ended.err.count("\n") == 1
        assert "openmedlm pool" in ended.err


def test_pool_dead_endpoint_is_a_one_line_error(openmedlm: Callable) -> None:
    ended = openmedlm(
        *("pool", "-b", "mmlu", "--data-dir", "sample", "-m", "hosted_vllm/x", "--api-base", "http://127.0.0.1:9/v1")
    )
    assert (ended.code, ended.out) == (2, "")
    assert "connection refused" in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("fails", [False, True])
def test_pool_api_key_is_in_no_file_and_no_output(
    fails: bool, openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer, tmp_path: Path
) -> None:
    key = "sk-planted-9f8e7d6c"

    def reply(asked: Asked) -> Reply:
        return Reply(f"your key {key} is spent", status=400) if fails and len(server.requests) > 3 else right(asked)

    server.reply = reply
    ended: Any = openmedlm("pool", *hosted, "--api-key", key, "--max-concurrency", 1)
    assert (ended.code, server.requests[0].authorization) == (3 if fails else 0, f"Bearer {key}")
    assert key not in ended.out + ended.err
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) >= 2
    assert not [path for path in written if key.encode() in path.read_bytes()]


def test_pool_prints_markup_in_ids_and_names_verbatim(openmedlm: Callable, server: ModelServer, tmp_path: Path) -> None:
    server.reply = wrong
    options = {"A": "Heart", "B": "Liver"}
    record = {"id": "[/red]", "question": "Which pumps?", "options": options, "answer": "A"}
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "pool.jsonl").write_bytes(orjson.dumps(record) + b"\n")
    where = ("-b", "own", "--data-dir", tmp_path, "--rounds", 1, "-o", "x[bold]y.jsonl")
    ended = openmedlm("pool", "-m", "hosted_vllm/small", "--api-base", server.base_url, *where)
    assert (ended.code, ended.err.count("internal error")) == (0, 0)
    assert ": 1 ([/red])" in ended.out
    assert "x[bold]y.jsonl" in ended.out


def test_pool_file_of_another_teacher_sends_nothing(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    server.reply = right
    openmedlm("pool", *hosted, "--rounds", 1, "-o", "p.jsonl")
    server.requests.clear()
    ended = openmedlm("pool", "-m", "hosted_vllm/other", *hosted[2:], "-o", "p.jsonl")
    assert ended.code == 2
    assert "rationales of hosted_vllm/small" in ended.err
    assert not server.requests


def test_pool_unwritable_file_fails_before_any_request(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    Path("file").write_text("")
    ended = openmedlm("pool", *hosted, "-o", "file/p.jsonl")
    assert ended.code == 2
    assert len(ended.err.strip().splitlines()) == 1
    assert not server.requests


def test_pool_dry_run_excludes_cached_completions(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    server.reply = wrong
    openmedlm("pool", *hosted, "--rounds", 1)
    result = openmedlm("pool", *hosted, "--rounds", 3, "--dry-run", "--json").json
    server.requests.clear()
    openmedlm("pool", *hosted, "--rounds", 3)
    assert result["max_calls"] == len(server.requests) == 48


def test_pool_teacher_without_address_names_the_option(openmedlm: Callable, hosted: tuple[str, ...]) -> None:
    ended = openmedlm("pool", *hosted, "--teacher", "hosted_vllm/big")
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert "--teacher-api-base" in ended.err
