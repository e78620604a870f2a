"""`openmedlm pool` with a teacher that thinks."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import pytest
from model_server import Reply
from thinking_server import STYLES, ThinkingServer

from openmedlm.data import load_split
from openmedlm.metrics import split_thoughts
from openmedlm.optimizers.rationales import RationaleRecord, read_pool

Run = Callable[..., Any]

POOL = {question.question: question for question in load_split("mmlu", "pool", "sample")}
REASONED = "The findings are typical of this option and speak against the three others.\n\nAnswer: {letter}"


def right(question: str) -> str:
    """Return the letter that shows the gold option."""
    stem, *lines = question.split("\n")
    asked = POOL[stem.removeprefix("Question: ")]
    return next(line[0] for line in lines if line[3:] == asked.options[asked.answer])


def command(server: ThinkingServer, *options: object) -> tuple[object, ...]:
    endpoint = ("-m", "hosted_vllm/small", "--api-base", server.base_url)
    return ("pool", *endpoint, "-b", "mmlu", "--data-dir", "sample", "--limit", 4, "-o", "pool.jsonl", *options)


def records() -> tuple[RationaleRecord, ...]:
    return read_pool(Path("pool.jsonl")).records


@pytest.mark.parametrize("style", [name for name in STYLES if name != "hidden"])
def test_teacher_that_thinks_gives_rationales(style: str, openmedlm: Run) -> None:
    with ThinkingServer(style, 700, right) as server:
        ended = openmedlm(*command(server, "--json"))
    assert ended.code == 0
    assert (ended.json["kept"], ended.json["from_thoughts"], ended.json["rejected"]) == (4, 4, {})
    for record in records():
        assert record.source == "thoughts"
        assert record.rationale is not None
        assert split_thoughts(record.rationale).mark is None
        assert 200 < len(record.rationale.split()) <= 300


def test_visible_reasoning_goes_before_thoughts(openmedlm: Run) -> None:
    with ThinkingServer("tags", 700, right, REASONED) as server:
        assert openmedlm(*command(server, "--json")).json["from_thoughts"] == 0
        thoughts = openmedlm(*command(server, "--json", "--rationale-from", "thoughts", "-o", "thoughts.jsonl"))
        sent = len(server.requests)
        again = openmedlm(*command(server, "--rationale-from", "thoughts", "-o", "again.jsonl"))
        assert len(server.requests) == sent  # the same completions, read in another way
    assert {record.rationale for record in records()} == {REASONED.split("\n")[0]}
    assert thoughts.json["from_thoughts"] == 4
    assert "From thoughts: 4." in again.out


@pytest.mark.parametrize(
    ("teacher", "options", "reason", "fix"),
    [
        ({}, ("--max-tokens", 300), "cut off: 4", "--thinking-tokens"),
        ({"style": "field", "never_ends": True}, ("--thinking-tokens", 600), "cut off: 4", "--thinking off"),
        ({"style": "hidden", "never_ends": True}, ("--thinking-tokens", 600), "cut off: 4", "--thinking off"),
        ({"written": "Hm."}, (), "no letter: 4", "--template"),
        ({"answer": lambda question: "E"}, (), "no letter: 4", "--template"),
        ({}, ("--rationale-from", "answer"), "no reasoning: 4", "--rationale-from auto"),
        ({}, ("--thinking", "off"), "no reasoning: 4", "--thinking off"),
        ({"style": "hidden"}, (), "no reasoning: 4", "--thinking off"),
    ],
    ids=["max tokens", "endless", "endless and hidden", "no letter", "no option", "answer", "off", "hidden"],
)
def test_empty_pool_names_reason_and_fix(
    teacher: dict[str, Any], options: tuple[object, ...], reason: str, fix: str, openmedlm: Run
) -> None:
    with ThinkingServer(**{"thought_words": 700, "answer": right, **teacher}) as server:
        ended = openmedlm(*command(server, "--rounds", 1, *options))
    (line,) = (line for line in ended.err.splitlines() if "no rationale was accepted" in line)
    assert reason in line
    assert fix in line
    assert all(record.rationale is None for record in records())


def test_wrong_answers_are_counted_as_wrong_letters(openmedlm: Run) -> None:
    with ThinkingServer("tags", 700, lambda question: "ABCD"["ABCD".index(right(question)) - 1]) as server:
        ended = openmedlm(*command(server, "--rounds", 2, "--json"))
    assert (ended.json["kept"], ended.json["rejected"]) == (0, {"wrong letter": 4})
    assert [round_["unparsed"] for round_ in ended.json["rounds"]] == [0, 0]
    assert "--teacher" in ended.err


def test_request_options_reach_the_server(openmedlm: Run) -> None:
    options = ("--thinking", "off", "--extra-body", '{"min_p": 0.1}', "--omit-param", "seed", "--max-tokens", 90)
    with ThinkingServer("tags", 700, right, REASONED) as server:
        assert openmedlm(*command(server, *options, "--sampling", "model")).code == 0
        bodies = server.bodies
    assert {body["max_tokens"] for body in bodies} == {90}
    assert {body["min_p"] for body in bodies} == {0.1}
    assert not any({"seed", "temperature"} & body.keys() for body in bodies)
    assert all(body["chat_template_kwargs"]["enable_thinking"] is False for body in bodies)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--rationale-from", "both"), ("--thinking", "hard"), ("--extra-body", "{"), ("--thought-mark", "<muse>")],
)
def test_wrong_pool_option_is_one_line(option: str, value: str, openmedlm: Run) -> None:
    with ThinkingServer() as server:
        refused = openmedlm(*command(server, option, value))
        assert not server.requests
    assert refused.code == 2
    assert option in refused.err
    assert len(refused.err.strip().splitlines()) == 1


def test_estimate_counts_thoughts_once_they_are_seen(openmedlm: Run) -> None:
    with ThinkingServer("tags", 700, right) as server:
        before = openmedlm(*command(server, "--dry-run", "--json")).json
        asked = openmedlm(*command(server, "--dry-run", "--json", "--thinking", "on")).json
        thinks = server.reply
        server.reply = lambda asked: thinks(asked) if asked.body["max_tokens"] == 500 else Reply("full", status=500)
        openmedlm(*command(server, "--max-retries", 0))
        after = openmedlm(*command(server, "--dry-run", "--json")).json
    assert (before["first_round_max_completion_tokens"], before["completion_tokens_if_thinking"]) == (4 * 500, 4 * 8192)
    assert (asked["first_round_max_completion_tokens"], asked["completion_tokens_if_thinking"]) == (4 * 8692, None)
    assert (after["first_round_max_completion_tokens"], after["completion_tokens_if_thinking"]) == (4 * 8692, None)


def test_pool_file_of_an_earlier_release_is_read(openmedlm: Run) -> None:
    with ThinkingServer("tags", 700, right) as server:
        openmedlm(*command(server))
        sent = len(server.requests)
        old = [
            {name: value for name, value in asdict(record).items() if name not in ("source", "rejections")}
            for record in records()
        ]
        Path("pool.jsonl").write_bytes(b"".join(orjson.dumps(values) + b"\n" for values in old))
        again = openmedlm(*command(server, "--json"))
        assert len(server.requests) == sent
    assert (again.code, again.json["kept"], again.json["from_thoughts"]) == (0, 4, 0)
