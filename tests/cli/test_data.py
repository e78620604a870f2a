"""The command `openmedlm data`."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from model_server import ModelServer


def test_data_list_sample_has_counts(openmedlm: Callable) -> None:
    listed = openmedlm("data", "list", "--data-dir", "sample", "--json").json["benchmarks"]
    assert listed == {name: {"pool": 24, "dev": 12, "test": 12} for name in ("medqa", "medmcqa", "pubmedqa", "mmlu")}


def test_data_show_marks_the_gold_option(openmedlm: Callable) -> None:
    record = openmedlm("data", "show", "-b", "mmlu", "--data-dir", "sample", "--json").json
    shown = openmedlm("data", "show", "-b", "mmlu", "--data-dir", "sample").out
    assert f"* {record['answer']}. {record['options'][record['answer']]}" in shown
    assert shown.count("\n* ") == 1


def test_data_show_train_is_the_pool(openmedlm: Callable) -> None:
    options = ("-b", "mmlu", "--data-dir", "sample", "--json")
    record = openmedlm("data", "show", "--split", "train", *options).json
    assert record["split"] == "pool"
    assert record == openmedlm("data", "show", "--split", "pool", *options).json


def test_evaluate_split_train_is_saved_as_pool(openmedlm: Callable, hosted: tuple[str, ...]) -> None:
    result = openmedlm("evaluate", "zero-shot", *hosted, "--split", "train", "--limit", 2, "--json")
    assert result.code == 0
    assert result.json["runs"][0]["split"] == "pool"


def test_data_import_train_is_saved_as_pool(openmedlm: Callable, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("id,question,A,B,answer\n1,Is water wet?,yes,no,A\n")
    result = openmedlm("data", "import", file, "--name", "mine", "--split", "train", "--json")
    assert (result.json["split"], Path(result.json["file"]).name) == ("pool", "pool.jsonl")


def test_data_import_then_evaluate(openmedlm: Callable, server: ModelServer, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("id,question,A,B,answer\n1,Is water wet?,yes,no,A\n2,Is fire cold?,yes,no,B\n")
    result = openmedlm("data", "import", file, "--name", "mine", "--split", "dev")
    assert result.code == 0
    assert "2 questions" in result.out
    model = ("-m", "hosted_vllm/small", "--api-base", server.base_url)
    assert openmedlm("evaluate", "zero-shot", "-b", "mine", *model, "--json").json["runs"][0]["n"] == 2


def test_data_import_invalid_row_saves_nothing(openmedlm: Callable, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    rows = [{"id": "1", "question": "Wet?", "options": ["yes", "no"], "answer": a} for a in ("A", "C")]
    file.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    result = openmedlm("data", "import", file, "--name", "mine")
    assert result.code == 2
    assert "mine.jsonl:2" in result.err
    assert openmedlm("data", "show", "-b", "mine").code == 2


def test_data_show_without_hub_names_alternatives(openmedlm: Callable, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    result = openmedlm("data", "show", "-b", "medmcqa")
    assert result.code == 2
    assert "--data-dir" in result.err
    assert "sample" in result.err


def test_data_check_separates_duplicates_from_leaks(openmedlm: Callable, tmp_path: Path) -> None:
    stem = "Which drug is the best next step in this patient with fever and cough"
    options = {"A": "aspirin", "B": "rest"}
    rows = [{"id": number, "question": stem, "options": options, "answer": "A"} for number in ("1", "2")]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "test.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    (tmp_path / "mine" / "pool.jsonl").write_bytes(orjson.dumps(rows[0] | {"id": "p", "answer": "B"}))
    checked = openmedlm("data", "check", "--data-dir", tmp_path, "--json").json
    assert checked["questions"] == 3
    assert checked["duplicates"] == [
        {"split": "test", "benchmark": "mine", "ids": ["1", "2"], "kind": "exact", "same_answer": True}
    ]
    assert [(leak["splits"], leak["ids"], leak["same_answer"]) for leak in checked["leaks"]] == [
        (["pool", "test"], ["p", "1"], False),
        (["pool", "test"], ["p", "2"], False),
    ]
    printed = openmedlm("data", "check", "-b", "mine", "--data-dir", tmp_path).out
    assert "Duplicate questions" in printed
    assert "exact: mine pool p = mine test 1, different gold answers" in printed
    assert "3 questions." in printed
    assert "inside a split: 1, across splits: 2" in printed


@pytest.mark.parametrize("command", ["check", "list"])
def test_data_folder_without_questions_is_refused(command: str, openmedlm: Callable, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = openmedlm("data", command, "--data-dir", "empty")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "empty" in result.err


def test_data_check_unknown_benchmark_is_refused(openmedlm: Callable) -> None:
    result = openmedlm("data", "check", "-b", "medca", "--data-dir", "sample")
    assert result.code == 2
    assert "medqa" in result.err


def test_data_ids_and_subjects_are_printed_on_one_line(openmedlm: Callable, tmp_path: Path) -> None:
    record = {"question": "One?", "options": ["yes", "no"], "answer": "A", "subject": "s\n2 questions"}
    (tmp_path / "mine").mkdir()
    rows = (record | {"id": f"{number}\nexact"} for number in "12")
    (tmp_path / "mine" / "dev.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    assert "exact: mine dev 1 exact = mine dev 2 exact\n" in openmedlm("data", "check", "--data-dir", ".").out
    shown = openmedlm("data", "show", "-b", "mine", "--data-dir", ".").out
    assert shown.startswith("1 exact  mine, dev, s 2 questions\n")
