from collections.abc import Callable
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from model_server import ModelServer, Reply

from openmedlm.optimizers import STRATEGIES

FIELDS = [
    "n",
    "correct",
    "accuracy",
    "ci_low",
    "ci_high",
    "unanswered",
    "errors",
    "calls",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "votes_saved",
    "seconds",
    "by_subject",
]


def test_ladder_runs_every_strategy_on_the_same_questions(openmedlm: Callable, hosted: tuple[str, ...]) -> None:
    ended = openmedlm("ladder", *hosted, "--json")
    assert ended.code == 0
    runs = ended.json["runs"]
    assert [run["program"] for run in runs] == list(STRATEGIES)
    assert {run["n"] for run in runs} == {12}
    for run in runs:
        assert set(FIELDS) <= set(run)
        assert run["ci_low"] <= run["accuracy"] <= run["ci_high"]
        assert sum(score["n"] for score in run["by_subject"].values()) == 12


def test_ladder_table_names_every_strategy_and_the_disclaimer(openmedlm: Callable, hosted: tuple[str, ...]) -> None:
    ended = openmedlm("ladder", *hosted)
    for name in STRATEGIES:
        assert name in ended.out
    for heading in ("program", "correct", "accuracy %", "[95 % CI]", "answer", "errors", "calls", "tokens", "cost"):
        assert heading in ended.out
    assert "not medical advice" in ended.out


def test_ladder_twice_sends_nothing_and_writes_same_bytes(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer, tmp_path: Path
) -> None:
    openmedlm("ladder", *hosted, "-o", tmp_path / "first", "--max-concurrency", 1)
    api_calls = len(server.requests)
    openmedlm("ladder", *hosted, "-o", tmp_path / "second", "--max-concurrency", 32)
    assert len(server.requests) == api_calls
    for name in ("manifest.json", "outcomes.parquet", "prompts.parquet", "texts.parquet", "questions.jsonl"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_run_directory_holds_every_vote(openmedlm: Callable, hosted: tuple[str, ...], tmp_path: Path) -> None:
    ended = openmedlm("ladder", *hosted, "-o", tmp_path / "run", "--json")
    rows = pq.read_table(tmp_path / "run" / "outcomes.parquet").to_pylist()
    manifest = orjson.loads((tmp_path / "run" / "manifest.json").read_bytes())
    for run, written in zip(ended.json["runs"], manifest["results"]["runs"], strict=True):
        mine = [row for row in rows if row["program"] == run["program"]]
        assert sum(row["correct"] for row in mine) == run["correct"] == written["correct"]
        assert sum(vote["calls"] for row in mine for vote in row["votes"]) == run["calls"]
    assert all(vote["text"] for row in rows for vote in row["votes"])


def test_evaluate_into_another_run_sends_nothing(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer, tmp_path: Path
) -> None:
    openmedlm("evaluate", "zero-shot", *hosted, "-o", tmp_path / "run")
    before = len(server.requests)
    ended = openmedlm("evaluate", "few-shot", *hosted, "-o", tmp_path / "run")
    assert ended.code == 2
    assert "another run" in ended.err
    assert len(server.requests) == before


def test_ladder_without_rationales_skips_strategies(openmedlm: Callable, server: ModelServer, tmp_path: Path) -> None:
    own = tmp_path / "own" / "mine"
    own.mkdir(parents=True)
    for split in ("pool", "dev"):
        lines = [
            {"id": f"{split}{i}", "question": f"{split} {i}?", "options": ["yes", "no"], "answer": "A"}
            for i in range(4)
        ]
        (own / f"{split}.jsonl").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    where = ("-b", "mine", "--data-dir", own.parent, "-m", "hosted_vllm/small", "--api-base", server.base_url)
    ended = openmedlm("ladder", *where, "--json")
    assert [run["program"] for run in ended.json["runs"]] == ["zero-shot", "few-shot", "cot", "knn-few-shot"]
    assert set(ended.json["skipped"]) == {"few-shot-cot", "knn-cot", "ensemble"}
    assert "few-shot-cot skipped" in ended.err
    refused = openmedlm("evaluate", "knn-cot", *where)
    assert refused.code == 2
    assert "openmedlm pool" in refused.err


def test_evaluate_with_unanswered_questions_exits_3(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    server.reply = lambda asked: Reply("I would rather not say.")
    ended = openmedlm("evaluate", "zero-shot", *hosted, "--on-unparsed", "resample", "--max-resamples", 1, "--json")
    assert ended.code == 3
    (run,) = ended.json["runs"]
    assert (run["unanswered"], run["resampled"], run["calls"], run["n"]) == (12, 12, 24, 12)


def test_dry_run_estimates_calls_and_sends_nothing(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    estimate = {run["program"]: run for run in openmedlm("ladder", *hosted, "--json", "--dry-run").json["runs"]}
    assert not server.requests
    openmedlm("evaluate", "zero-shot", "ensemble", *hosted, "--all-votes")
    assert len(server.requests) == estimate["zero-shot"]["calls"] + estimate["ensemble"]["calls"]
    again = {run["program"]: run for run in openmedlm("ladder", *hosted, "--json", "--dry-run").json["runs"]}
    assert again["zero-shot"]["cached"] == 12
    assert again["zero-shot"]["prompt_tokens"] == 0


def test_evaluations_on_test_are_counted_once_each(openmedlm: Callable, hosted: tuple[str, ...]) -> None:
    def count(*arguments: object) -> int:
        return openmedlm("evaluate", *arguments, *hosted, "--split", "test", "--json").json["test_evaluations"]

    assert count("zero-shot") == 1
    assert count("zero-shot") == 1
    assert count("cot") == 2
    assert count("zero-shot", "--limit", 3) == 3


def test_larger_limit_includes_questions_of_a_smaller_one(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    openmedlm("evaluate", "zero-shot", *hosted, "--limit", 5)
    assert len(server.requests) == 5
    openmedlm("evaluate", "zero-shot", *hosted, "--limit", 8)
    assert len(server.requests) == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("zero-shoot",), 'did you mean "zero-shot"'),
        (("zero-shot", "--split", "tst"), 'did you mean "test"'),
        (("zero-shot", "--template", "chatt"), 'did you mean "chat"'),
        (("zero-shot", "--on-unparsed", "retry"), "--on-unparsed"),
        (("zero-shot", "--limit", "0"), "--limit"),
        (("zero-shot", "--config", "none.yaml"), "none.yaml"),
    ],
)
def test_wrong_option_is_a_short_error(
    openmedlm: Callable, hosted: tuple[str, ...], arguments: tuple[str, ...], message: str
) -> None:
    ended = openmedlm("evaluate", *arguments, *hosted)
    assert ended.code == 2
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_dead_endpoint_is_a_one_line_error(openmedlm: Callable) -> None:
    ended = openmedlm(
        "ladder", "-b", "mmlu", "--data-dir", "sample", "-m", "hosted_vllm/x", "--api-base", "http://127.0.0.1:9/v1"
    )
    assert ended.code == 2
    assert "connection refused" in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "old", "new"),
    [
        (("evaluate", "zero-shot"), "unreadable: again", "on_unparsed: "),
        (("ladder",), "rounds: 3", "max_resamples: "),
        (("tune", "-o", "out"), "attempts: 3", "max_retries: "),
        (("pool",), "attempts: 3", "max_retries: "),
    ],
)
def test_config_file_with_a_renamed_option_names_the_new_one(
    command: tuple[str, ...], old: str, new: str, openmedlm: Callable
) -> None:
    Path("old.yaml").write_text(f"{old}\nbenchmark: mmlu\ndata_dir: sample\nmodel: hosted_vllm/small\n")
    ended = openmedlm(*command, "--config", "old.yaml")
    assert ended.code == 2
    assert "old.yaml" in ended.err
    assert new in ended.err
    assert len(ended.err.strip().splitlines()) == 1


def test_config_file_gives_defaults_to_the_command_line(
    openmedlm: Callable, server: ModelServer, tmp_path: Path
) -> None:
    file = tmp_path / "options.yaml"
    file.write_text(
        f"model: hosted_vllm/small\napi-base: {server.base_url}\n"
        "benchmark: mmlu\ndata_dir: sample\nlimit: 2\njson: true\n"
    )
    assert openmedlm("evaluate", "zero-shot", "--config", file).json["runs"][0]["n"] == 2
    assert openmedlm("evaluate", "zero-shot", "--config", file, "--limit", 3).json["runs"][0]["n"] == 3
    file.write_text("modl: x\n")
    ended = openmedlm("evaluate", "zero-shot", "--config", file)
    assert ended.code == 2
    assert 'did you mean "model"' in ended.err


def test_api_key_is_in_no_file_and_no_output(
    openmedlm: Callable, hosted: tuple[str, ...], tmp_path: Path, server: ModelServer
) -> None:
    key = "sk-planted-9f8e7d6c"
    ended = openmedlm("ladder", *hosted, "--api-key", key, "-o", tmp_path / "run", "--json")
    assert server.requests[0].authorization == f"Bearer {key}"
    assert key not in ended.out + ended.err
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) >= 4
    assert not [path for path in written if key.encode() in path.read_bytes()]
