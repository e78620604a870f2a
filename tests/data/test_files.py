import json
from pathlib import Path
from typing import Any

import pytest

from openmedlm.data.files import read_questions, write_questions
from openmedlm.utils.errors import UserError


def test_read_questions_jsonl_with_blank_lines_and_bom(make_record: Any, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    lines = [json.dumps(make_record(2)), "", json.dumps(make_record(1)), "   "]
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    questions = read_questions(path, "mine", "pool")
    assert [(q.id, q.benchmark, q.split) for q in questions] == [("q-2", "mine", "pool"), ("q-1", "mine", "pool")]


def test_read_questions_line_separator_in_text_keeps_the_row(make_record: Any, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    text = "One\u2028two\x85three?"
    path.write_text(json.dumps(make_record(question=text), ensure_ascii=False) + "\n", encoding="utf-8")
    assert read_questions(path, "mine", "dev")[0].question == text


def test_write_questions_round_trip(make_record: Any, write_jsonl: Any, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [make_record(n, question="naïve\n“µ”?") for n in range(3)])
    questions = read_questions(source, "mine", "dev")
    write_questions(tmp_path / "b.jsonl", questions)
    assert read_questions(tmp_path / "b.jsonl", "mine", "dev") == questions


def test_read_questions_repeated_id_names_both_rows(make_record: Any, write_jsonl: Any, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "q.jsonl", [make_record(1), make_record(2), make_record(1)])
    with pytest.raises(UserError, match=r'q\.jsonl:3: .*"q-1".* row 1'):
        read_questions(path, "mine", "dev")


def test_read_questions_id_of_equal_characters_is_refused(make_record: Any, write_jsonl: Any, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "q.jsonl", [make_record(id="caf\u00e9"), make_record(id="cafe\u0301")])
    with pytest.raises(UserError, match=r"q\.jsonl:2: .* row 1"):
        read_questions(path, "mine", "dev")


def test_read_questions_invalid_record_names_its_line(make_record: Any, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(f"{json.dumps(make_record(1))}\n\n{json.dumps(make_record(2, answer='E'))}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r'q\.jsonl:3: .*"E".* A, B, C'):
        read_questions(path, "mine", "dev")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": "a",\n', "q.jsonl:1: not JSON"),
        (b'\n{"options": {"A": "x", "B": "y", "A": "z"}}\n', 'q.jsonl:2: the key "A" occurs twice'),
        (b'{"id": "a", "answer": "A", "answer": "B"}\n', 'q.jsonl:1: the key "answer" occurs twice'),
        (b'\n{"id": "caf\xe9"}\n', "q.jsonl:2: byte 12 is not UTF-8"),
        (b"[" * 100_000, "q.jsonl:1: JSON with"),
        (b"1" * 5_000, "q.jsonl:1: JSON with"),
        (b"\n\n", "q.jsonl: no questions"),
        (b"", "q.jsonl: no questions"),
    ],
)
def test_read_questions_broken_file_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_questions(path, "mine", "dev")
    assert str(caught.value).startswith(f"{tmp_path}/{message}")
    assert "\n" not in str(caught.value)


def test_read_questions_unreadable_path_names_the_reason(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(UserError, match="no such file"):
        read_questions(tmp_path / "gone.jsonl", "mine", "dev")
    with pytest.raises(UserError, match="cannot be read"):
        read_questions(tmp_path / "folder.jsonl", "mine", "dev")
    with pytest.raises(UserError, match=r"\.jsonl, \.csv or \.parquet"):
        read_questions(tmp_path / "q.xlsx", "mine", "dev")
