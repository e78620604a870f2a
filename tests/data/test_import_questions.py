from pathlib import Path
from typing import Any

import pytest

from openmedlm.data.import_questions import import_questions
from openmedlm.data.load import load_split
from openmedlm.utils.errors import UserError


@pytest.fixture
def file(tmp_path: Path, make_record: Any, write_jsonl: Any) -> Path:
    return Path(write_jsonl(tmp_path / "mine.jsonl", [make_record(n) for n in range(3)]))


def test_import_questions_then_load_split(own_folders: Path, file: Path) -> None:
    path = import_questions(file, "ward-round", "pool")
    assert path.is_relative_to(own_folders)
    questions = load_split("ward-round", "pool")
    assert [(q.id, q.benchmark, q.split) for q in questions] == [(f"q-{n}", "ward-round", "pool") for n in range(3)]


def test_import_questions_into_a_named_folder(tmp_path: Path, file: Path) -> None:
    path = import_questions(file, "ward", "test", tmp_path / "sets")
    assert path == tmp_path / "sets" / "ward" / "test.jsonl"
    assert len(load_split("ward", "test", tmp_path / "sets")) == 3


def test_import_questions_train_is_saved_as_pool(tmp_path: Path, file: Path) -> None:
    assert import_questions(file, "ward", "train", tmp_path).name == "pool.jsonl"
    assert len(load_split("ward", "train", tmp_path)) == 3


def test_import_questions_csv_is_saved_as_jsonl(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("id,question,A,B,answer\na,Q?,x,y,B\n", encoding="utf-8")
    import_questions(tmp_path / "q.csv", "ward", "dev", tmp_path)
    assert load_split("ward", "dev", tmp_path)[0].options == {"A": "x", "B": "y"}


def test_import_questions_existing_split_needs_replace(
    tmp_path: Path, file: Path, make_record: Any, write_jsonl: Any
) -> None:
    import_questions(file, "ward", "dev", tmp_path)
    other = write_jsonl(tmp_path / "other.jsonl", [make_record(9)])
    with pytest.raises(UserError, match=r"dev\.jsonl: .*--replace"):
        import_questions(other, "ward", "dev", tmp_path)
    assert len(load_split("ward", "dev", tmp_path)) == 3
    import_questions(other, "ward", "dev", tmp_path, replace=True)
    assert [q.id for q in load_split("ward", "dev", tmp_path)] == ["q-9"]


def test_import_questions_invalid_question_writes_nothing(tmp_path: Path, make_record: Any, write_jsonl: Any) -> None:
    file = write_jsonl(tmp_path / "q.jsonl", [make_record(1), make_record(2, answer="E")])
    with pytest.raises(UserError, match=r"q\.jsonl:2"):
        import_questions(file, "ward", "dev", tmp_path / "sets")
    assert not (tmp_path / "sets").exists()


def test_import_questions_id_of_another_split_is_refused(tmp_path: Path, file: Path) -> None:
    import_questions(file, "ward", "pool", tmp_path)
    with pytest.raises(UserError, match=r'"q-0".*pool\.jsonl'):
        import_questions(file, "ward", "test", tmp_path)


@pytest.mark.parametrize("name", ["", "Ward", "../ward", "a/b", ".ward", "ward round", "a" * 65])
def test_import_questions_invalid_name_is_refused(tmp_path: Path, file: Path, name: str) -> None:
    with pytest.raises(UserError, match="invalid benchmark name"):
        import_questions(file, name, "dev", tmp_path)


@pytest.mark.parametrize("name", ["medqa", "medmcqa", "pubmedqa", "mmlu", "sample"])
def test_import_questions_reserved_name_is_refused(tmp_path: Path, file: Path, name: str) -> None:
    with pytest.raises(UserError, match="reserved"):
        import_questions(file, name, "dev", tmp_path)


def test_import_questions_into_sample_or_unknown_split_fails(tmp_path: Path, file: Path) -> None:
    with pytest.raises(UserError, match="read-only"):
        import_questions(file, "ward", "dev", "sample")
    with pytest.raises(UserError, match='did you mean "test"'):
        import_questions(file, "ward", "tset", tmp_path)


def test_import_questions_unwritable_folder_is_refused(tmp_path: Path, file: Path) -> None:
    (tmp_path / "blocked").write_text("a file, not a folder")
    with pytest.raises(UserError, match="cannot be written"):
        import_questions(file, "ward", "dev", tmp_path / "blocked")
