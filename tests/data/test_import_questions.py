from pathlib import Path
from typing import Any

import pytest

from openmedlm.data.import_questions import import_questions
from openmedlm.data.load import load_split
from openmedlm.utils.errors import UserError


@pytest.fixture
def file(tmp_path: Path, make_record: Any, write_jsonl: Any) -> Path:
    return Path(write_jsonl(tmp_path / "mine.jsonl", [make_record(n) for n in range(3)]))


def test_imported_questions_are_what_load_split_gives(own_folders: Path, file: Path) -> None:
    path = import_questions(file, "ward-round", "pool")
    assert path.is_relative_to(own_folders)
    questions = load_split("ward-round", "pool")
    assert [(q.id, q.benchmark, q.split) for q in questions] == [(f"q-{n}", "ward-round", "pool") for n in range(3)]


def test_a_folder_can_be_named(tmp_path: Path, file: Path) -> None:
    path = import_questions(file, "ward", "test", tmp_path / "sets")
    assert path == tmp_path / "sets" / "ward" / "test.jsonl"
    assert len(load_split("ward", "test", tmp_path / "sets")) == 3


def test_csv_is_kept_as_jsonl(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("id,question,A,B,answer\na,Q?,x,y,B\n", encoding="utf-8")
    import_questions(tmp_path / "q.csv", "ward", "dev", tmp_path)
    assert load_split("ward", "dev", tmp_path)[0].options == {"A": "x", "B": "y"}


def test_a_split_that_is_there_is_replaced_only_on_request(
    tmp_path: Path, file: Path, make_record: Any, write_jsonl: Any
) -> None:
    import_questions(file, "ward", "dev", tmp_path)
    other = write_jsonl(tmp_path / "other.jsonl", [make_record(9)])
    with pytest.raises(UserError, match=r"dev\.jsonl: is already there"):
        import_questions(other, "ward", "dev", tmp_path)
    assert len(load_split("ward", "dev", tmp_path)) == 3
    import_questions(other, "ward", "dev", tmp_path, replace=True)
    assert [q.id for q in load_split("ward", "dev", tmp_path)] == ["q-9"]


def test_one_wrong_question_and_nothing_is_written(tmp_path: Path, make_record: Any, write_jsonl: Any) -> None:
    file = write_jsonl(tmp_path / "q.jsonl", [make_record(1), make_record(2, answer="E")])
    with pytest.raises(UserError, match=r"q\.jsonl:2"):
        import_questions(file, "ward", "dev", tmp_path / "sets")
    assert not (tmp_path / "sets").exists()


def test_an_id_of_another_split_is_refused(tmp_path: Path, file: Path) -> None:
    import_questions(file, "ward", "pool", tmp_path)
    with pytest.raises(UserError, match=r'the id "q-0" is already that of a question in .*pool\.jsonl'):
        import_questions(file, "ward", "test", tmp_path)


@pytest.mark.parametrize("name", ["", "Ward", "../ward", "a/b", ".ward", "ward round", "a" * 65])
def test_a_name_that_is_no_plain_name_is_refused(tmp_path: Path, file: Path, name: str) -> None:
    with pytest.raises(UserError, match="will not do"):
        import_questions(file, name, "dev", tmp_path)


@pytest.mark.parametrize("name", ["medqa", "medmcqa", "pubmedqa", "mmlu", "sample"])
def test_the_names_of_the_product_are_refused(tmp_path: Path, file: Path, name: str) -> None:
    with pytest.raises(UserError, match="is taken by the product"):
        import_questions(file, name, "dev", tmp_path)


def test_the_sample_takes_no_questions_and_a_split_must_be_known(tmp_path: Path, file: Path) -> None:
    with pytest.raises(UserError, match="the embedded sample takes no questions"):
        import_questions(file, "ward", "dev", "sample")
    with pytest.raises(UserError, match='did you mean "test"'):
        import_questions(file, "ward", "tset", tmp_path)


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path, file: Path) -> None:
    (tmp_path / "blocked").write_text("a file, not a folder")
    with pytest.raises(UserError, match="cannot be written"):
        import_questions(file, "ward", "dev", tmp_path / "blocked")
