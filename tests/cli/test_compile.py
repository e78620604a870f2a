from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from model_server import ModelServer, Reply

from openmedlm.optimizers import STRATEGIES

Run = Callable[..., Any]


def contents(directory: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(directory).iterdir()}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_is_frozen_and_verified(
    strategy: str, openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    ended = openmedlm("compile", "-s", strategy, *hosted, "--no-score", "-o", "p", "--json")
    assert (ended.code, ended.json["strategy"], ended.json["dev"]) == (0, strategy, None)
    assert not server.requests
    proof = openmedlm("verify", "p", "--json")
    assert (proof.code, proof.json["ok"]) == (0, True)
    assert proof.json["checked"] == 5 * (5 if strategy == "ensemble" else 1)
    assert proof.json["sha256"] == ended.json["sha256"]


def test_the_dev_score_is_what_evaluate_says_and_costs_nothing_again(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    ended = openmedlm("compile", "-s", "knn-few-shot", *hosted, "-o", "p", "--json")
    asked = len(server.requests)
    (run,) = openmedlm("evaluate", "knn-few-shot", *hosted, "--json").json["runs"]
    assert len(server.requests) == asked == 12
    dev = ended.json["dev"]
    assert dev["questions"]["count"] == 12
    for name in ("n", "correct", "accuracy", "ci_low", "ci_high", "unanswered", "errors", "calls", "prompt_tokens"):
        assert dev[name] == run[name]
    card = Path("p/README.md").read_text()
    assert f"{dev['correct']}/12" in card
    assert "not medical advice" in card
    for letter, share in run["analysis"]["position"]["recall"].items():
        assert f"| {letter} | {share['correct']} | {share['n']} |" in card
    assert dev["by_subject"] == {name: {"n": s["n"], "correct": s["correct"]} for name, s in run["by_subject"].items()}


def test_unanswered_questions_end_with_3_and_are_written_down(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    server.reply = lambda asked: Reply("Who knows?")
    ended = openmedlm("compile", "-s", "zero-shot", *hosted, "--limit", 2, "--on-unparsed", "skip", "-o", "p")
    assert ended.code == 3
    assert orjson.loads(Path("p/program.json").read_bytes())["dev"]["unanswered"] == 2


def test_order_and_instructions_are_frozen(openmedlm: Run, hosted: tuple[str, ...]) -> None:
    how = ("--order", "nearest-first", "--instructions", "Say which.", "--no-score", "-o", "p")
    assert openmedlm("compile", "-s", "knn-few-shot", *hosted, *how).code == 0
    program = orjson.loads(Path("p/program.json").read_bytes())
    assert (program["instructions"], program["exemplars"]["order"]) == ("Say which.", "nearest-first")
    assert openmedlm("verify", "p").code == 0
    refused = openmedlm("compile", "-s", "knn-few-shot", *hosted, "--order", "sideways", "-o", "q")
    assert (refused.code, "nearest-last" in refused.err) == (2, True)


def test_the_same_command_again_gives_the_same_bytes(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    options = ("compile", "-s", "knn-cot", *hosted, "--limit", 3)
    assert openmedlm(*options, "-o", "one").code == 0
    assert openmedlm(*options, "-o", "two", "--max-concurrency", 1).code == 0
    assert contents("one") == contents("two")
    assert openmedlm(*options, "-o", "one").code == 0


def test_another_program_in_the_place_is_replaced_only_when_asked(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    openmedlm("compile", "-s", "cot", *hosted, "--no-score", "-o", "p")
    before = contents("p")
    refused = openmedlm("compile", "-s", "zero-shot", *hosted, "-o", "p")
    assert refused.code == 2
    assert "--replace" in refused.err
    assert contents("p") == before
    assert not server.requests
    assert openmedlm("compile", "-s", "zero-shot", *hosted, "--no-score", "-o", "p", "--replace").code == 0
    assert contents("p") != before
    assert [path.name for path in Path().iterdir() if path.name != "data-home"] == ["p"]


@pytest.mark.parametrize("replace", [(), ("--replace",)])
def test_a_directory_of_something_else_is_never_touched(
    replace: tuple[str, ...], openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    Path("p").mkdir()
    Path("p/thesis.tex").write_text("years of work")
    ended = openmedlm("compile", "-s", "zero-shot", *hosted, "-o", "p", *replace)
    assert ended.code == 2
    assert "not empty" in ended.err
    assert contents("p") == {"thesis.tex": b"years of work"}
    assert not server.requests


def test_a_dry_run_writes_and_spends_nothing(openmedlm: Run, hosted: tuple[str, ...], server: ModelServer) -> None:
    ended = openmedlm("compile", "-s", "knn-cot", *hosted, "-o", "p", "--dry-run", "--json")
    assert ended.json["runs"][0]["calls"] == 12
    assert not Path("p").exists()
    assert not server.requests


def test_no_key_is_in_any_file(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENMEDLM_API_KEY", "a-secret-key")
    openmedlm("compile", "-s", "ensemble", *hosted, "--limit", 1, "-o", "p")
    assert {asked.authorization for asked in server.requests} == {"Bearer a-secret-key"}
    written = [path.read_bytes() for path in Path().rglob("*") if path.is_file()]
    assert written
    assert not any(b"a-secret-key" in content for content in written)


def test_a_large_pool_is_what_hnsw_is_for(openmedlm: Run, hosted: tuple[str, ...]) -> None:
    ended = openmedlm("compile", "-s", "knn-cot", *hosted, "--index", "hnsw", "--no-score", "-o", "p")
    assert ended.code == 2
    assert "100,000" in ended.err


def test_a_damaged_program_can_be_frozen_anew_in_its_place(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    options = ("compile", "-s", "cot", *hosted, "--no-score", "-o", "p")
    openmedlm(*options)
    Path("p/README.md").write_text("mine")
    assert openmedlm(*options).code == 2
    assert openmedlm(*options, "--replace").code == 0
    assert openmedlm("verify", "p").code == 0


def test_a_place_is_refused_before_anything_is_spent(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    openmedlm("compile", "-s", "cot", *hosted, "--limit", 2, "-o", "p")
    server.requests.clear()
    Path("file").write_text("")
    more = openmedlm("compile", "-s", "cot", *hosted, "-o", "p")
    other = openmedlm("compile", "-s", "cot", "-m", "hosted_vllm/other", *hosted[2:], "--limit", 2, "-o", "p")
    nowhere = openmedlm("compile", "-s", "cot", *hosted, "-o", "file/p")
    assert [ended.code for ended in (more, other, nowhere)] == [2, 2, 2]
    assert not server.requests


def test_the_same_command_goes_on_where_the_endpoint_failed(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    options = (
        "compile",
        "-s",
        "zero-shot",
        *hosted,
        "--limit",
        4,
        "--max-retries",
        0,
        "--max-concurrency",
        1,
        "-o",
        "p",
    )
    server.reply = lambda asked: Reply("A") if len(server.requests) < 3 else Reply("gone", status=500)
    assert openmedlm(*options).code == 3
    assert orjson.loads(Path("p/program.json").read_bytes())["dev"]["errors"] == 2
    server.reply = lambda asked: Reply("A")
    assert openmedlm(*options).code == 0
    assert orjson.loads(Path("p/program.json").read_bytes())["dev"]["errors"] == 0
    assert len(server.requests) == 4 + 2


@pytest.mark.parametrize("hidden", [".git", ".DS_Store"])
def test_a_hidden_file_beside_a_program_is_never_lost(
    hidden: str, openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    openmedlm("compile", "-s", "cot", *hosted, "--no-score", "-o", "p")
    Path("p", hidden).write_text("mine")
    ended = openmedlm("compile", "-s", "zero-shot", *hosted, "--no-score", "-o", "p", "--replace")
    assert ended.code == 2
    assert Path("p", hidden).read_text() == "mine"
