from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from model_server import ModelServer


def test_the_sample_is_listed_with_its_counts(openmedlm: Callable) -> None:
    listed = openmedlm("data", "list", "--data-dir", "sample", "--json").json["benchmarks"]
    assert listed == {name: {"pool": 24, "dev": 12, "test": 12} for name in ("medqa", "medmcqa", "pubmedqa", "mmlu")}


def test_a_question_is_shown_with_its_gold_marked(openmedlm: Callable) -> None:
    record = openmedlm("data", "show", "-b", "mmlu", "--data-dir", "sample", "--json").json
    shown = openmedlm("data", "show", "-b", "mmlu", "--data-dir", "sample").out
    assert f"* {record['answer']}. {record['options'][record['answer']]}" in shown
    assert shown.count("\n* ") == 1


def test_ones_own_questions_can_be_imported_and_answered(
    openmedlm: Callable, server: ModelServer, tmp_path: Path
) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("id,question,A,B,answer\n1,Is water wet?,yes,no,A\n2,Is fire cold?,yes,no,B\n")
    ended = openmedlm("data", "import", file, "--name", "mine", "--split", "dev")
    assert ended.code == 0
    assert "2 questions" in ended.out
    model = ("-m", "hosted_vllm/small", "--api-base", server.base_url)
    assert openmedlm("evaluate", "zero-shot", "-b", "mine", *model, "--json").json["runs"][0]["n"] == 2


def test_a_wrong_row_is_named_and_nothing_is_kept(openmedlm: Callable, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    rows = [{"id": "1", "question": "Wet?", "options": ["yes", "no"], "answer": a} for a in ("A", "C")]
    file.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    ended = openmedlm("data", "import", file, "--name", "mine")
    assert ended.code == 2
    assert "mine.jsonl:2" in ended.err
    assert openmedlm("data", "show", "-b", "mine").code == 2


def test_without_a_hub_it_says_what_to_do(openmedlm: Callable, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    ended = openmedlm("data", "show", "-b", "medmcqa")
    assert ended.code == 2
    assert "--data-dir" in ended.err
    assert "sample" in ended.err


def test_questions_that_stand_twice_are_told_apart_by_where_they_stand(openmedlm: Callable, tmp_path: Path) -> None:
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
    told = openmedlm("data", "check", "-b", "mine", "--data-dir", tmp_path).out
    assert "exact: mine pool p = mine test 1, with another answer" in told
    assert "3 questions, 1 pairs inside a split, 2 across splits." in told


@pytest.mark.parametrize("command", ["check", "list"])
def test_a_folder_without_questions_is_told_as_one(command: str, openmedlm: Callable, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ended = openmedlm("data", command, "--data-dir", "empty")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "empty" in ended.err


def test_a_benchmark_that_is_not_there_is_not_checked(openmedlm: Callable) -> None:
    ended = openmedlm("data", "check", "-b", "medca", "--data-dir", "sample")
    assert ended.code == 2
    assert "medqa" in ended.err


def test_ids_and_subjects_stay_on_their_line(openmedlm: Callable, tmp_path: Path) -> None:
    record = {"question": "One?", "options": ["yes", "no"], "answer": "A", "subject": "s\n2 questions"}
    (tmp_path / "mine").mkdir()
    rows = (record | {"id": f"{number}\nexact"} for number in "12")
    (tmp_path / "mine" / "dev.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    assert "exact: mine dev 1 exact = mine dev 2 exact\n" in openmedlm("data", "check", "--data-dir", ".").out
    shown = openmedlm("data", "show", "-b", "mine", "--data-dir", ".").out
    assert shown.startswith("1 exact  mine, dev, s 2 questions\n")
