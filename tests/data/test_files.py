import json
from pathlib import Path
from typing import Any

import pytest

from openmedlm.data.files import read_questions, write_questions
from openmedlm.utils.errors import UserError


def test_jsonl_keeps_the_order_skips_blank_lines_and_tolerates_a_byte_order_mark(
    make_record: Any, tmp_path: Path
) -> None:
    path = tmp_path / "q.jsonl"
    lines = [json.dumps(make_record(2)), "", json.dumps(make_record(1)), "   "]
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    questions = read_questions(path, "mine", "pool")
    assert [(q.id, q.benchmark, q.split) for q in questions] == [("q-2", "mine", "pool"), ("q-1", "mine", "pool")]


def test_a_line_separator_inside_a_text_does_not_end_the_row(make_record: Any, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    text = "One\u2028two\x85three?"
    path.write_text(json.dumps(make_record(question=text), ensure_ascii=False) + "\n", encoding="utf-8")
    assert read_questions(path, "mine", "dev")[0].question == text


def test_what_is_written_is_read_back(make_record: Any, write_jsonl: Any, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [make_record(n, question="naïve\n“µ”?") for n in range(3)])
    questions = read_questions(source, "mine", "dev")
    write_questions(tmp_path / "b.jsonl", questions)
    assert read_questions(tmp_path / "b.jsonl", "mine", "dev") == questions


def test_a_shared_id_is_refused_with_both_rows(make_record: Any, write_jsonl: Any, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "q.jsonl", [make_record(1), make_record(2), make_record(1)])
    with pytest.raises(UserError) as caught:
        read_questions(path, "mine", "dev")
    assert str(caught.value) == (
        f'{path}:3: the id "q-1" is already that of row 1; give each question an id of its own'
    )


def test_a_wrong_record_names_its_line_in_the_file(make_record: Any, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(f"{json.dumps(make_record(1))}\n\n{json.dumps(make_record(2, answer='E'))}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r'q\.jsonl:3: the answer "E" is not among the options A, B, C'):
        read_questions(path, "mine", "dev")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": "a",\n', "q.jsonl:1: not JSON (Expecting property name enclosed in double quotes, column"),
        (b'\n{"id": "caf\xe9"}\n', "q.jsonl:2: byte 12 is not UTF-8; save the file as UTF-8"),
        (b"[" * 100_000, "q.jsonl:1: a number too long or a nesting too deep; write plain JSON"),
        (b"1" * 5_000, "q.jsonl:1: a number too long or a nesting too deep; write plain JSON"),
        (b"\n\n", "q.jsonl: holds no question; add at least one"),
        (b"", "q.jsonl: holds no question; add at least one"),
    ],
)
def test_a_broken_file_is_one_clear_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_questions(path, "mine", "dev")
    assert str(caught.value).startswith(f"{tmp_path}/{message}")
    assert "\n" not in str(caught.value)


def test_a_missing_file_a_folder_and_another_kind_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(UserError, match="no such file"):
        read_questions(tmp_path / "gone.jsonl", "mine", "dev")
    with pytest.raises(UserError, match="cannot be read"):
        read_questions(tmp_path / "folder.jsonl", "mine", "dev")
    with pytest.raises(UserError, match=r"save the questions as \.jsonl, \.csv or \.parquet"):
        read_questions(tmp_path / "q.xlsx", "mine", "dev")
