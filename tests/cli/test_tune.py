import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import orjson
import pytest
import typer
from model_server import Asked, ModelServer, Reply
from student import Student
from warm import WarmStart

from openmedlm.cli.commands.tune import tune as tune_command
from openmedlm.data import load_split, write_questions

Run = Callable[..., Any]
Command = tuple[str, ...]

FAST = """
strategy: [zero-shot, few-shot, knn-few-shot]
k: [1, 3, 5]
votes: [1, 3, 5]
temperature: [0.0, 0.8]
top_p: [0.8]
instructions: [default]
"""


@pytest.fixture
def studied(server: ModelServer) -> ModelServer:
    """Server of a model that exemplars help."""
    server.reply = Student(load_split("mmlu", "dev", "sample"))
    return server


@dataclass(frozen=True)
class Finished:
    """Study that tests only read: its directory, its JSON output, and the requests that it sent."""

    directory: Path
    result: dict[str, Any]
    requests: list[Asked]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, warm: WarmStart) -> Finished:
    """Run a study of ten trials once."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "space.yaml").write_text(FAST)
    with ModelServer() as server:
        server.reply = Student(load_split("mmlu", "dev", "sample"))
        model = ("-m", "hosted_vllm/small", "--api-base", server.base_url, "-b", "mmlu", "--data-dir", "sample")
        options = ("--space", "space.yaml", "--trials", "10", "--block", "3", "-o", "out", "--json")
        environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data-home")}
        running = warm.start("tune", *model, *options, cwd=folder, env=environment)
        output, errors = running.communicate(600)
        assert running.returncode == 0, errors
        return Finished(folder / "out", orjson.loads(output), server.requests)


@pytest.fixture
def tune(hosted: tuple[str, ...], tmp_path: Path) -> tuple[str, ...]:
    """A command that searches a small space with ten trials."""
    (tmp_path / "space.yaml").write_text(FAST)
    return ("tune", *hosted, "--space", str(tmp_path / "space.yaml"), "--trials", "10", "--block", "3")


def files(directory: str) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(Path(directory).rglob("*"))
        if path.is_file()
    }


def lasting(directory: str) -> dict[str, bytes]:
    """Return a directory's files without the database and the duration."""
    found = files(directory)
    found.pop("study.db")
    result = orjson.loads(found.pop("tuning.json"))
    for name in ("seconds", "program", "front"):
        result.pop(name)
    return {**found, "tuning.json": orjson.dumps(result)}


def test_tune_freezes_and_reports_the_winner(openmedlm: Run, finished: Finished) -> None:
    result = finished.result
    assert result["configuration"]["strategy"] in ("few-shot", "knn-few-shot")
    assert result["search_set"]["n"] + result["holdout"]["n"] == 12
    assert result["calls"] == len(finished.requests)
    assert result["exhaustive_calls"] > result["calls"]
    assert sum(result["trials"].values()) == 10
    assert result["stopped"] == "10 trials"
    against = result["vs_baseline"]
    assert set(against) >= {
        "n",
        "difference",
        "ci_low",
        "ci_high",
        "p_value",
        "discordant",
        "minimum_detectable_effect",
    }
    assert result["optimism"] == pytest.approx(result["search_set"]["accuracy"] - result["holdout"]["accuracy"])
    proof = openmedlm("verify", finished.directory / "program", "--json")
    assert (proof.code, proof.json["ok"]) == (0, True)
    assert orjson.loads((finished.directory / "tuning.json").read_bytes()) == result


def test_frozen_program_has_the_scores_of_the_study(openmedlm: Run, tune: Command, studied: ModelServer) -> None:
    result = openmedlm(*tune, "-o", "out", "--json").json
    before = len(studied.requests)
    (run,) = openmedlm("evaluate", "out/program", *tune[1:9], "--json").json["runs"]
    document = orjson.loads(Path("out/program/program.json").read_bytes())
    assert document["dev"]["questions"]["count"] == result["holdout"]["n"]
    assert document["dev"]["correct"] == result["holdout"]["correct"]
    assert run["correct"] == result["search_set"]["correct"] + result["holdout"]["correct"]
    assert len(studied.requests) == before  # all dev answers are cached


def test_tune_again_sends_and_changes_nothing(openmedlm: Run, tune: Command, studied: ModelServer) -> None:
    assert openmedlm(*tune, "-o", "out").code == 0
    sent, first = len(studied.requests), lasting("out")
    assert openmedlm(*tune, "-o", "out").code == 0
    assert len(studied.requests) == sent
    assert lasting("out") == first


def test_second_study_uses_cached_completions(openmedlm: Run, tune: Command, studied: ModelServer) -> None:
    one = openmedlm(*tune, "-o", "one", "--json").json
    sent = len(studied.requests)
    other = openmedlm(*tune, "-o", "other", "--json").json
    assert len(studied.requests) == sent
    assert (one["calls"], other["calls"]) == (sent, 0)
    assert files("one/program") == files("other/program")


def test_tune_sends_no_request_twice(finished: Finished) -> None:
    identities = [request.identity for request in finished.requests]
    assert len(identities) == len(set(identities))


def test_resumed_study_equals_an_uninterrupted_one(openmedlm: Run, tune: Command, studied: ModelServer) -> None:
    openmedlm(*tune, "--trials", 5, "-o", "out")
    openmedlm(*tune, "--trials", 10, "-o", "out")
    went_on = lasting("out")
    openmedlm(*tune, "-o", "whole")
    whole = lasting("whole")
    assert {name: content for name, content in went_on.items() if name != "tuning.json"} == {
        name: content for name, content in whole.items() if name != "tuning.json"
    }


def test_first_trials_are_the_baselines(finished: Finished) -> None:
    rows = [orjson.loads(line) for line in (finished.directory / "trials.jsonl").read_bytes().splitlines()]
    assert [row["program"] for row in rows[:3]] == ["zero-shot", "few-shot k=5", "knn-few-shot k=5"]


def test_study_with_other_settings_is_refused(openmedlm: Run, tune: Command, studied: ModelServer) -> None:
    openmedlm(*tune, "--trials", 1, "-o", "out")
    sent = len(studied.requests)
    refused = openmedlm(*tune, "--seed", 1, "-o", "out")
    assert refused.code == 2
    assert 'search_set" differs' in refused.err
    assert len(studied.requests) == sent


def test_test_split_is_answered_only_on_request(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    student = Student([*load_split("mmlu", "dev", "sample"), *load_split("mmlu", "test", "sample")])
    server.reply = student
    tests = [question.question for question in load_split("mmlu", "test", "sample")]
    assert openmedlm(*tune, "-o", "out", "--json").json["test"] is None
    assert not any(stem in request.question for request in server.requests for stem in tests)
    tested = openmedlm(*tune, "--test", "-o", "out", "--json").json["test"]
    assert tested["winner"]["n"] == tested["baseline"]["n"] == len(tests)
    assert tested["test_evaluations"] == 2
    assert "p_value" in tested["vs_baseline"]


def test_tune_for_both_freezes_the_whole_front(openmedlm: Run, tune: Command, studied: ModelServer) -> None:
    result = openmedlm(*tune, "--objective", "both", "-o", "out", "--json").json
    assert result["front"]
    costs = [each["cost"] for each in result["front"]]
    right = [each["holdout"]["correct"] for each in result["front"]]
    assert costs == sorted(costs)
    assert right == sorted(set(right))
    for each in result["front"]:
        assert openmedlm("verify", each["program"]).code == 0


def test_new_front_replaces_the_old_one(openmedlm: Run, tune: Command, studied: ModelServer) -> None:
    options = (*tune, "--objective", "both", "-o", "out", "--json")
    openmedlm(*options, "--trials", 2)
    Path("out/front/07-old").mkdir()
    for path in Path("out/front").glob("01-*/*"):
        Path("out/front/07-old", path.name).write_bytes(path.read_bytes())
    front = openmedlm(*options).json["front"]
    assert sorted(str(path) for path in Path("out/front").iterdir()) == [each["program"] for each in front]


@pytest.mark.parametrize("storage", ["journal:out/study.log", "sqlite:///out/other.db"])
def test_storage_may_be_in_the_output_directory(
    storage: str, openmedlm: Run, tune: Command, studied: ModelServer
) -> None:
    for trials in (2, 4):
        assert openmedlm(*tune, "--storage", storage, "--trials", trials, "-o", "out").code == 0


def test_tune_for_cost_picks_a_single_vote(openmedlm: Run, tune: Command, studied: ModelServer) -> None:
    result = openmedlm(*tune, "--objective", "cost", "-o", "out", "--json").json
    assert result["configuration"]["votes"] == 1


@pytest.mark.parametrize("pruner", ["wilcoxon", "hyperband", "median", "none"])
def test_any_pruner_freezes_a_program(pruner: str, openmedlm: Run, tune: Command, studied: ModelServer) -> None:
    assert openmedlm(*tune, "--trials", 6, "--pruner", pruner, "-o", "out").code == 0
    assert Path("out/program/program.json").exists()


@pytest.mark.parametrize("sampler", ["random", "grid"])
def test_any_sampler_freezes_a_program(sampler: str, openmedlm: Run, tune: Command, studied: ModelServer) -> None:
    assert openmedlm(*tune, "--trials", 6, "--sampler", sampler, "-o", "out").code == 0


def test_tune_of_several_models_prints_a_table(openmedlm: Run, tune: Command, studied: ModelServer) -> None:
    options = (*tune, "-m", "hosted_vllm/other", "--trials", 4, "-o", "out")
    ended = openmedlm(*options)
    assert ended.code == 0
    assert "Best program of each model" in ended.out
    assert Path("out/hosted_vllm--small/program/program.json").exists()
    assert Path("out/hosted_vllm--other/program/program.json").exists()
    studies = openmedlm(*options, "--json").json["studies"]
    assert [study["model"] for study in studies] == ["hosted_vllm/small", "hosted_vllm/other"]


def test_space_file_sets_space_and_address_per_model(
    openmedlm: Run, tune: Command, studied: ModelServer, tmp_path: Path
) -> None:
    with ModelServer() as other:
        other.reply = studied.reply
        own = f"models:\n  hosted_vllm/other:\n    api_base: {other.base_url}\n    strategy: [zero-shot]\n"
        (tmp_path / "space.yaml").write_text(FAST + own)
        studies = openmedlm(*tune, "-m", "hosted_vllm/other", "--trials", 3, "-o", "out", "--json").json["studies"]
        assert other.requests
    assert studies[1]["configuration"]["strategy"] == "zero-shot"


def test_dry_run_sends_and_writes_nothing(openmedlm: Run, tune: Command, studied: ModelServer) -> None:
    ended = openmedlm(*tune, "--max-calls", 40, "--dry-run", "-o", "out", "--json")
    (study,) = ended.json["studies"]
    assert study["calls_least"] == 10 * 3
    # Ten trials on 6 questions and six finalists on the other 6, five votes each, and the baseline once.
    assert study["calls_most"] == 5 * (10 * 6 + 6 * 6) + 6
    assert (study["limit"], study["search_set"] + study["holdout"]) == (40, 12)
    assert study["prompt_tokens"] > 0
    assert not studied.requests
    assert not Path("out").exists()
    assert "pruning" in openmedlm(*tune, "--dry-run", "-o", "out").out


@pytest.mark.parametrize(
    ("space", "phrase"),
    [
        ("votes: [0]", "votes"),
        ("strategy: [nonesuch]", "strategy"),
        ("size: [3]", "The parameters are"),
        ("k: {low: 5, high: 1}", "k"),
        ("- a list", "mapping"),
        ("k: [1", "invalid YAML"),
        ("models: {hosted_vllm/other: {k: [1]}}", "not among the models"),
        ("models: [a]", "models"),
        ("models: {hosted_vllm/small: [1]}", "hosted_vllm/small"),
        ("models: {hosted_vllm/small: {votes: [0]}}", "votes"),
    ],
)
def test_wrong_space_file_is_one_line(
    space: str, phrase: str, openmedlm: Run, tune: Command, tmp_path: Path, server: ModelServer
) -> None:
    (tmp_path / "space.yaml").write_text(space)
    refused = openmedlm(*tune, "-o", "out")
    assert refused.code == 2
    assert "space.yaml" in refused.err
    assert phrase in refused.err
    assert len(refused.err.strip().splitlines()) == 1
    assert not server.requests


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        (("--objective", "speed"), "accuracy"),
        (("--sampler", "magic"), "tpe"),
        (("--pruner", "magic"), "racing"),
        (("--pruner", "median", "--objective", "both"), "racing or none"),
        (("--storage", "nonsense"), "not a storage URL"),
        (("--space", "missing.yaml"), "readable YAML"),
        (("--cost-limit", "3"), "no price"),
        (("--limit", "2", "--sampler", "grid", "--space", "large.yaml"), "grid"),
        (("-m", "hosted_vllm/b", "--model-id", "x"), "--model-id"),
        (("-m", "hosted_vllm/b", "--study", "x"), "--study"),
    ],
)
def test_wrong_option_is_one_line(
    options: tuple[str, ...], phrase: str, openmedlm: Run, tune: Command, tmp_path: Path, server: ModelServer
) -> None:
    (tmp_path / "large.yaml").write_text("strategy: [zero-shot, few-shot]")
    refused = openmedlm(*tune, *options, "-o", "out")
    assert refused.code == 2
    assert phrase in refused.err
    assert len(refused.err.strip().splitlines()) == 1
    assert not server.requests


def test_tune_accepts_leftover_temporary_files(openmedlm: Run, tune: Command, studied: ModelServer) -> None:
    openmedlm(*tune, "--trials", 1, "-o", "out")
    Path("out/.tuning.json.abc.tmp").write_text("{")
    Path("out/.program.xyz.tmp").mkdir()
    assert openmedlm(*tune, "--trials", 2, "-o", "out").code == 0


def test_unknown_embedder_is_refused_before_requests(
    openmedlm: Run, tune: Command, server: ModelServer, tmp_path: Path
) -> None:
    (tmp_path / "space.yaml").write_text("strategy: [zero-shot, knn-few-shot]\nembedder: [default, nonesuch]\n")
    refused = openmedlm(*tune, "-o", "out")
    assert refused.code == 2
    assert "nonesuch" in refused.err
    assert not server.requests


def test_same_questions_by_another_path_resume(
    openmedlm: Run, tune: Command, studied: ModelServer, tmp_path: Path
) -> None:
    (tmp_path / "copy/mmlu").mkdir(parents=True)
    for official, ours in (("dev", "pool"), ("val", "dev"), ("test", "test")):
        write_questions(tmp_path / f"copy/mmlu/{official}.jsonl", load_split("mmlu", ours, "sample"))
    openmedlm(*tune, "--trials", 1, "--data-dir", "copy", "-o", "out")
    assert openmedlm(*tune, "--trials", 2, "--data-dir", str(tmp_path / "copy"), "-o", "out").code == 0


def test_baseline_winner_has_no_comparison(openmedlm: Run, tune: Command, studied: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(
        "strategy: [zero-shot]\nvotes: [1]\ntemperature: [0]\ninstructions: [default]\n"
    )
    result = openmedlm(*tune, "--trials", 2, "-o", "out", "--json").json
    assert (result["vs_baseline"], result["label"]) == (None, "zero-shot")
    assert "The winner is the baseline" in openmedlm(*tune, "--trials", 2, "-o", "out").out


def test_tune_refuses_a_foreign_directory(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    refused = openmedlm(*tune, "-o", "mine")
    assert refused.code == 2
    assert "notes.txt" in refused.err
    assert files("mine") == {"notes.txt": b"mine"}
    assert not server.requests


def test_failing_endpoint_stops_the_study(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    student = Student(load_split("mmlu", "dev", "sample"))
    server.reply = lambda request: student(request) if len(server.requests) < 15 else Reply("busy", status=503)
    broke_off = openmedlm(*tune, "--max-retries", 0, "-o", "out")
    assert broke_off.code == 2
    assert "got no answer" in broke_off.err
    assert "Traceback" not in broke_off.err
    server.reply = student
    assert openmedlm(*tune, "-o", "out").code == 0
    went_on = lasting("out")
    assert openmedlm(*tune, "--store", "fresh.sqlite", "-o", "whole").code == 0
    assert went_on["program/program.json"] == files("whole")["program/program.json"]


def test_winner_with_unanswered_questions_exits_3(openmedlm: Run, tune: Command, server: ModelServer) -> None:
    server.reply = lambda request: Reply("Who knows?")
    assert openmedlm(*tune, "--trials", 2, "--on-unparsed", "skip", "-o", "out").code == 3


def test_study_can_be_read_with_optuna_alone(finished: Finished) -> None:
    storage = f"sqlite:///{finished.directory / 'study.db'}"
    (summary,) = optuna.get_all_study_summaries(storage)
    study = optuna.load_study(study_name=summary.study_name, storage=storage)
    assert summary.study_name == "hosted_vllm/small on mmlu"
    assert len(study.trials) == 10
    assert study.trials[0].user_attrs["program"] == "zero-shot"
    assert b"question" not in (finished.directory / "study.db").read_bytes().replace(b"questions", b"")


def test_tune_options_have_distinct_spellings() -> None:
    app = typer.Typer()
    app.command()(tune_command)
    options = typer.main.get_command(app).params
    spellings = [spelling for option in options for spelling in (*option.opts, *option.secondary_opts)]
    assert len(spellings) == len(set(spellings))
    assert {"--max-tokens", "--token-limit", "--search-share", "--tune-share"} <= set(spellings)
