import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from openmedlm.data.files import read_questions
from openmedlm.data.question import Question
from openmedlm.utils.errors import UserError

EXPECTED = [
    Question("a", "mine", "dev", "Which, of\nthese?", {"A": "Lung", "B": "Skin", "C": "Ear"}, "C", subject="anatomy"),
    Question(
        "b", "mine", "dev", "Does it?", {"A": "yes", "B": "no"}, "A", context=("An abstract.",), explanation="So."
    ),
]

LETTER_COLUMNS = (
    "id,question,A,B,C,answer,subject,context,explanation\r\n"
    'a,"Which, of\nthese?",Lung,Skin,Ear,C,anatomy,,\r\n'
    "b,Does it?,yes,no,,A,,An abstract.,So.\r\n"
)


def read(path: Path) -> list[Question]:
    return read_questions(path, "mine", "dev")


def test_csv_with_one_column_per_letter(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_bytes(LETTER_COLUMNS.encode("utf-8-sig"))
    assert read(path) == EXPECTED


def test_csv_with_json_options(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text('id,question,options,answer\na,Which?,"[""Lung"", ""Skin""]",B\n', encoding="utf-8")
    assert read(path)[0].options == {"A": "Lung", "B": "Skin"}


OPTIONS = [{"A": "Lung", "B": "Skin", "C": "Ear"}, {"A": "yes", "B": "no"}]
OPTION_COLUMNS = {
    "struct": pa.array(OPTIONS, pa.struct([(letter, pa.string()) for letter in "ABC"])),
    "map": pa.array([list(options.items()) for options in OPTIONS], pa.map_(pa.string(), pa.string())),
    "list": pa.array([list(options.values()) for options in OPTIONS]),
    "json": pa.array([json.dumps(options) for options in OPTIONS]),
}


@pytest.mark.parametrize("kind", OPTION_COLUMNS)
def test_parquet_options_of_any_type(tmp_path: Path, kind: str) -> None:
    columns = {
        "id": ["a", "b"],
        "question": ["Which, of\nthese?", "Does it?"],
        "options": OPTION_COLUMNS[kind],
        "answer": ["C", "A"],
        "subject": ["anatomy", None],
        "context": [None, ["An abstract."]],
        "explanation": [None, "So."],
    }
    pq.write_table(pa.table(columns), tmp_path / "q.parquet")
    assert read(tmp_path / "q.parquet") == EXPECTED


def test_parquet_with_one_column_per_letter(tmp_path: Path) -> None:
    columns = {"id": ["a", "b"], "question": ["Q?", "R?"], "A": ["x", "x"], "B": ["y", "y"], "C": ["z", None]}
    pq.write_table(pa.table({**columns, "answer": ["C", "B"]}), tmp_path / "q.parquet")
    assert [len(question.options) for question in read(tmp_path / "q.parquet")] == [3, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("question,A,B,answer\n", 'q.csv:1: the column "id" is missing'),
        ("", 'q.csv:1: the column "id" is missing'),
        ("id;question;A;B;answer\n", "q.csv:1: the columns are not separated by commas"),
        ("id,id,question,A,B,answer\n", 'q.csv:1: two columns are named "id"'),
        ("id,question,answer\n", 'q.csv:1: use either the columns A, B, … or one column "options"'),
        ("id,question,a,b,answer\n", "q.csv:1: use either the columns A, B, … or one column"),
        ("id,question,A,B,options,answer\n", "q.csv:1: use either the columns A, B, …"),
        ("id,question,A,B,answer\na,Q?,x,y,z,B\n", "q.csv:2: 6 cells for 5 columns"),
        ("id,question,A,B,answer\na,Q?,x,y\n", 'q.csv:2: "answer" is missing'),
        ("id,question,A,B,C,answer\na,Q?,x,,z,C\n", "q.csv:2: wrong option letters: A, C. Use A, B"),
        ('id,question,A,B,answer\na,"Q\n?",x,y,A\nb,Q?,x,y,D\n', 'q.csv:4: the answer "D"'),
        ('id,question,A,B,answer\na,"Q?,x,y,A\n', "q.csv:2: not CSV (unexpected end of data)"),
        ("id,question,options,answer\na,Q?,{A: x},A\n", 'q.csv:2: "options" is not JSON ('),
        ("id,question,options,answer\na,Q?,,A\n", 'q.csv:2: "options" is missing'),
    ],
)
def test_csv_invalid_file_is_one_line(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "q.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{tmp_path}/{message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("column", ["question", "A", "explanation"])
@pytest.mark.parametrize("characters", [131_071, 131_072, 131_073, 2**20])
def test_csv_cell_of_a_megabyte_is_read(tmp_path: Path, column: str, characters: int) -> None:
    limit = csv.field_size_limit()
    row = {"id": "a", "question": "Q?", "A": "x", "B": "y", "answer": "B", "explanation": "", column: "w" * characters}
    with (tmp_path / "q.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerows([row, {**row, "id": "b", column: '"\n,' * (characters // 3)}])
    assert [len(q.id) for q in read(tmp_path / "q.csv")] == [1, 1]
    assert csv.field_size_limit() == limit


def test_csv_quote_open_to_the_end_names_its_row(tmp_path: Path) -> None:
    rows = "".join(f"{number},Q?,x,y,B\n" for number in range(40_000))
    (tmp_path / "q.csv").write_text(f'id,question,A,B,answer\na,Q?,x,y,B\nb,"Q?,x,y,B\n{rows}')
    limit = csv.field_size_limit()
    with pytest.raises(UserError, match=r"q\.csv:3: not CSV \(unexpected end of data, up to line 40003\)"):
        read(tmp_path / "q.csv")
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize("options", ['{"A": "x", "B": "y", "A": "z"}', '[{"A": 1, "A": 2}]'])
def test_csv_options_with_a_letter_twice_are_refused(tmp_path: Path, options: str) -> None:
    cell = options.replace('"', '""')
    (tmp_path / "q.csv").write_text(f'id,question,options,answer\na,Q?,"{cell}",A\n')
    with pytest.raises(UserError, match=r'q\.csv:2: the key "A" occurs twice'):
        read(tmp_path / "q.csv")


def test_parquet_map_with_a_letter_twice_is_refused(tmp_path: Path) -> None:
    options = pa.array([[("A", "x"), ("B", "y"), ("A", "z")]], pa.map_(pa.string(), pa.string()))
    table = pa.table({"id": ["a"], "question": ["Q?"], "options": options, "answer": ["A"]})
    pq.write_table(table, tmp_path / "q.parquet")
    with pytest.raises(UserError, match=r'q\.parquet:1: the key "A" occurs twice'):
        read(tmp_path / "q.parquet")


def test_parquet_struct_with_a_letter_twice_is_refused(tmp_path: Path) -> None:
    options = pa.StructArray.from_arrays([pa.array(["x"])] * 3, names=["A", "B", "A"])
    pq.write_table(
        pa.table({"id": ["a"], "question": ["Q?"], "options": options, "answer": ["A"]}), tmp_path / "q.parquet"
    )
    with pytest.raises(UserError, match=r'q\.parquet: two fields of "options" are named "A"'):
        read(tmp_path / "q.parquet")


def test_csv_other_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_bytes("id,question,A,B,answer\na,Q?,x,y,A\nb,Café?,x,y,A\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"q\.csv:3: not UTF-8"):
        read(path)


@pytest.mark.parametrize("options", ["[" * 100_000, "1" * 5_000])
def test_csv_options_too_deep_for_json_are_one_line(tmp_path: Path, options: str) -> None:
    path = tmp_path / "q.csv"
    path.write_text(f"id,question,options,answer\na,Which?,{options},A\n")
    with pytest.raises(UserError, match=r'q\.csv:2: "options" is not plain JSON') as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_parquet_text_not_utf8_is_one_line(tmp_path: Path) -> None:
    ends = pa.array([0, 2], pa.int32()).buffers()[1]
    latin = pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(b"\xff\xfe")])
    table = pa.table({"id": ["a"], "question": latin, "A": ["x"], "B": ["y"], "answer": ["A"]})
    pq.write_table(table, tmp_path / "q.parquet")
    with pytest.raises(UserError, match=r"q\.parquet: .*UTF-8"):
        read(tmp_path / "q.parquet")


def test_parquet_broken_file_or_invalid_row_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "q.parquet"
    path.write_bytes(b"PAR0")
    with pytest.raises(UserError, match=r"q\.parquet: not a parquet file"):
        read(path)
    columns = {"id": ["a", "b"], "question": ["Q?", "R?"], "A": ["x", "x"], "B": ["y", "y"], "answer": ["A", "C"]}
    pq.write_table(pa.table(columns), path)
    with pytest.raises(UserError, match=r'q\.parquet:2: .*"C".* A, B'):
        read(path)
