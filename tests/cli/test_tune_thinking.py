"""`openmedlm tune` for a model that thinks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import orjson
import pytest
from model_server import ModelServer
from thinking_server import STYLES, ThinkingServer

from openmedlm.data import load_split

Run = Callable[..., Any]

DEV = {question.question: question for question in load_split("mmlu", "dev", "sample")}
SMALL = """
strategy: [zero-shot]
votes: [1]
temperature: [0.0]
instructions: [default]
"""


def right(question: str) -> str:
    """Return the letter that shows the gold option."""
    stem, *lines = question.split("\n")
    asked = DEV[stem.removeprefix("Question: ")]
    return next(line[0] for line in lines if line[3:] == asked.options[asked.answer])


def command(server: ModelServer, space: str = SMALL, provider: str = "hosted_vllm") -> tuple[object, ...]:
    Path("space.yaml").write_text(space)
    endpoint = ("-m", f"{provider}/small", "--api-base", server.base_url, "-b", "mmlu", "--data-dir", "sample")
    return ("tune", *endpoint, "--space", "space.yaml", "--block", 3, "-o", "out", "--trials", 6)


def trials() -> list[dict[str, Any]]:
    return [orjson.loads(line)["configuration"] for line in Path("out/trials.jsonl").read_bytes().splitlines()]


def notices(err: str) -> list[str]:
    return [line for line in err.splitlines() if "includes thinking" in line]


@pytest.mark.parametrize("style", STYLES)
def test_thinking_is_searched_in_every_style(style: str, openmedlm: Run) -> None:
    with ThinkingServer(style, 700, right) as server:
        ended = openmedlm(*command(server), "--json", "--sampler", "grid")
        assert ended.code == 0
        (notice,) = notices(ended.err)
        assert "off, default" in notice
        assert "2,048 and 8,192" in notice
        searched = {(each.get("thinking", "default"), each.get("thinking_tokens")) for each in trials()}
        assert searched == {("off", None), ("default", 2048), ("default", 8192)}
        assert ended.json["configuration"]["thinking"] == "off"  # as accurate, and cheaper
        assert ended.json["baseline"]["correct"] == ended.json["baseline"]["n"]  # not cut off
        sent = len(server.requests)
        again = openmedlm(*command(server), "--json", "--sampler", "grid")
        assert len(server.requests) == sent
    assert again.json | {"seconds": 0} == ended.json | {"seconds": 0}


def test_levels_are_searched_where_the_endpoint_takes_them(openmedlm: Run) -> None:
    with ThinkingServer("field", 700, right) as server:
        assert openmedlm(*command(server, provider="openai"), "--sampler", "grid", "--trials", 20).code == 0
        efforts = {body.get("reasoning_effort") for body in server.bodies}
    assert {each.get("thinking", "default") for each in trials()} == {"off", "default", "low", "high"}
    assert efforts == {"none", None, "low", "high"}


@pytest.mark.parametrize(
    ("options", "space", "thinking", "budgets"),
    [
        (("--thinking", "off"), "", {"default"}, {None}),
        (("--thinking", "on"), "", {"default"}, {2048, 8192}),
        (("--thinking-tokens", "900"), "", {"off", "default"}, {None}),
        (("--max-tokens", "900"), "", {"off", "default"}, {None}),
        ((), "thinking: [default]", {"default"}, {2048, 8192}),
        ((), "thinking: [on, off, low]\nthinking_tokens: [800, 4096]", {"on", "off", "low"}, {800, 4096}),
    ],
)
def test_option_or_space_file_fixes_thinking(
    options: tuple[str, ...], space: str, thinking: set[str], budgets: set[int | None], openmedlm: Run
) -> None:
    with ThinkingServer("tags", 700, right) as server:
        assert openmedlm(*command(server, SMALL + space), "--sampler", "grid", *options).code == 0
    configurations = trials()
    assert {each.get("thinking", "default") for each in configurations} == thinking
    assert {each.get("thinking_tokens") for each in configurations if each.get("thinking") != "off"} == budgets


def test_only_sampled_trials_send_a_temperature(openmedlm: Run) -> None:
    space = SMALL.replace("[0.0]", "[0.0, 0.8]\ntop_p: [0.8]\nthinking: [default]\nthinking_tokens: [2048]")
    with ThinkingServer("tags", 700, right) as server:
        assert openmedlm(*command(server, space), "--sampler", "grid").code == 0
        roomy = [body for body in server.bodies if body["max_tokens"] == 32 + 2048]
    assert {(body.get("temperature"), body.get("top_p")) for body in roomy} == {(None, None), (0.8, 0.8)}
    assert {body["temperature"] for body in server.bodies if body["max_tokens"] == 32} == {0.0}


@pytest.mark.parametrize("server", [ModelServer(), ThinkingServer("tags", 700, thinks=False)], ids=["plain", "able"])
def test_model_that_does_not_think_keeps_its_space(server: ModelServer, openmedlm: Run) -> None:
    with server:
        ended = openmedlm(*command(server))
    assert (ended.code, notices(ended.err)) == (0, [])
    (study,) = optuna.get_all_study_summaries("sqlite:///out/study.db")
    assert not {"thinking", "thinking_tokens"} & set(study.user_attrs["spec"]["space"])
    assert not any("thinking" in str(each) for each in trials())
    assert not any("reasoning_effort" in body or "chat_template_kwargs" in body for body in server.bodies)


def test_frozen_winner_thinks_as_it_was_tuned(openmedlm: Run) -> None:
    with ThinkingServer("field", 700, right) as server:
        space = f"{SMALL}thinking: [default]\nthinking_tokens: [2048]"
        result = openmedlm(*command(server, space), "--json").json
        sent = len(server.requests)
        run = openmedlm("evaluate", "out/program", *command(server)[3:9], "--json").json["runs"][0]
        # Only those that show again whether the model thinks are new.
        assert all(body["max_tokens"] == 32 for body in server.bodies[sent:])
    assert "thinking_tokens=2048" in result["label"]
    assert run["correct"] == result["search_set"]["correct"] + result["holdout"]["correct"] == 12


def test_budget_may_end_while_thinking_is_looked_for(openmedlm: Run) -> None:
    with ThinkingServer("tags", 700, right) as server:
        ended = openmedlm(*command(server), "--max-calls", 1, "--max-concurrency", 1, "--json")
    assert ended.code == 0
    assert "budget" in ended.json["stopped"]


def test_estimate_of_a_study_counts_thoughts(openmedlm: Run) -> None:
    dry = ("--dry-run", "--json")
    with ThinkingServer("tags", 700, right) as server:
        (unknown,) = openmedlm(*command(server), *dry).json["studies"]
        (asked,) = openmedlm(*command(server), "--thinking", "on", *dry).json["studies"]
        (off,) = openmedlm(*command(server), "--thinking", "off", *dry).json["studies"]
        assert not server.requests
        openmedlm(*command(server))
        (seen,) = openmedlm(*command(server), *dry).json["studies"]
    calls = unknown["calls_most"]
    assert (unknown["completion_tokens"], unknown["completion_tokens_if_thinking"]) == (calls * 32, calls * 8192)
    assert calls * (32 + 2048) < asked["completion_tokens"] < calls * (32 + 8192)
    assert asked["completion_tokens_if_thinking"] is None
    assert (off["completion_tokens"], off["completion_tokens_if_thinking"]) == (calls * 32, None)
    assert calls * 32 < seen["completion_tokens"] < calls * 8224
    assert seen["completion_tokens_if_thinking"] is None


@pytest.mark.parametrize("line", ["thinking: [hard]", "thinking: []", "thinking_tokens: [0]", "thinking_tokens: [1.5]"])
def test_wrong_thinking_in_a_space_file_is_one_line(line: str, openmedlm: Run, server: ModelServer) -> None:
    refused = openmedlm(*command(server, SMALL + line))
    assert refused.code == 2
    assert line.split(":")[0] in refused.err
    assert len(refused.err.strip().splitlines()) == 1
    assert not server.requests


@pytest.mark.parametrize("written", ["off", "'off'"])
def test_thinking_off_in_a_config_file_is_a_text(written: str, openmedlm: Run, server: ModelServer) -> None:
    Path("options.yaml").write_text(f"thinking: {written}\nall_votes: yes\nshuffle: off\n")
    endpoint = command(server)[1:9]
    assert openmedlm("evaluate", "zero-shot", *endpoint, "--config", "options.yaml", "--limit", 1).code == 0
    assert server.bodies[0]["chat_template_kwargs"]["enable_thinking"] is False


@pytest.mark.parametrize("style", ["tags", "closed only"])
def test_thinking_off_wins_if_thoughts_never_end(style: str, openmedlm: Run) -> None:
    with ThinkingServer(style, 700, right, never_ends=True) as server:
        result = openmedlm(*command(server), "--sampler", "grid", "--on-unparsed", "skip", "--json").json
    assert result["label"] == "zero-shot thinking=off"
    assert (result["holdout"]["correct"], result["baseline"]["correct"]) == (6, 0)
