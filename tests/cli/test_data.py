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


CONFUSABLE = [
    {"id": "twice", "question": "Which?", "options": ["Aspirin", "Heparin", "Aspirin"], "answer": "A"},
    {"id": "near", "question": "Which one?", "options": ["Zinc", "iron", "Iron."], "answer": "A"},
    {"id": "own", "question": "Which drug?", "options": ["A. Zinc", "B. Iron"], "answer": "B"},
    {"id": "other", "question": "Which is it?", "options": ["B) Zinc", "A) Iron"], "answer": "B"},
    {"id": "sound", "question": "Who is it?", "options": ["Zinc", "Iron"], "answer": "B"},
]
REPEATED = [("twice", ["A", "C"], "exact", True), ("near", ["B", "C"], "near", False)]


@pytest.fixture
def confusable(tmp_path: Path) -> Path:
    file = tmp_path / "mine.jsonl"
    file.write_bytes(b"\n".join(map(orjson.dumps, CONFUSABLE)))
    return file


@pytest.mark.parametrize("command", ["import", "check"])
def test_data_notices_name_confusable_options(openmedlm: Callable, confusable: Path, command: str) -> None:
    imported = openmedlm("data", "import", confusable, "--name", "mine")
    shown = imported if command == "import" else openmedlm("data", "check", "-b", "mine")
    assert shown.code == 0
    notices = shown.err.splitlines()
    assert [notice.startswith("notice: 1 question with ") for notice in notices] == [True] * 4
    for question, notice in zip(("twice (A C)", "near (B C)", "own (A B)", "other (B A)"), notices, strict=True):
        assert f"mine dev {question}" in notice
    assert "notice:" not in shown.out


@pytest.mark.parametrize("command", ["import", "check"])
def test_data_json_lists_confusable_options(openmedlm: Callable, confusable: Path, command: str) -> None:
    listed = openmedlm("data", "import", confusable, "--name", "mine", "--json").json
    if command == "check":
        listed = openmedlm("data", "check", "-b", "mine", "--json").json
    found = listed["repeated_options"]
    assert [(each["id"], each["letters"], each["kind"], each["gold"]) for each in found] == REPEATED
    assert {(each["benchmark"], each["split"]) for each in found} == {("mine", "dev")}
    assert [(each["id"], each["letters"], each["matching"]) for each in listed["own_letters"]] == [
        ("own", ["A", "B"], True),
        ("other", ["B", "A"], False),
    ]


def test_data_import_strip_letters_removes_matching_letters(openmedlm: Callable, confusable: Path) -> None:
    result = openmedlm("data", "import", confusable, "--name", "mine", "--strip-letters", "--json")
    assert [each["id"] for each in result.json["own_letters"]] == ["other"]
    assert openmedlm("data", "show", "-b", "mine", "own", "--json").json["options"] == {"A": "Zinc", "B": "Iron"}
    assert openmedlm("data", "show", "-b", "mine", "other", "--json").json["options"] == {
        "A": "B) Zinc",
        "B": "A) Iron",
    }


def test_data_import_long_notice_is_cut(openmedlm: Callable, tmp_path: Path) -> None:
    rows = ({**CONFUSABLE[0], "id": f"q{number}\n\x1b[1m"} for number in range(2_000))
    (tmp_path / "mine.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    notice = openmedlm("data", "import", "mine.jsonl", "--name", "mine").err
    assert notice.startswith("notice: 2,000 questions ")
    assert (notice.count("\n"), "1,990 more" in notice, "\x1b" in notice) == (1, True, False)


def test_data_import_repeated_letter_saves_nothing(openmedlm: Callable, tmp_path: Path) -> None:
    row = '{"id": "1", "question": "Which?", "options": {"A": "x", "B": "y", "A": "z"}, "answer": "A"}'
    (tmp_path / "mine.jsonl").write_text(row)
    result = openmedlm("data", "import", "mine.jsonl", "--name", "mine")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert 'mine.jsonl:1: the key "A" occurs twice' in result.err
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
