"""Invalid input for each reader: the error is one line that names the file and the row."""

import hashlib
import json
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from openmedlm.data import UserError, load_split, read_questions
from openmedlm.inference import find_endpoint
from openmedlm.optimizers.search.storage import open_storage
from openmedlm.options.config_file import yaml_mapping
from openmedlm.programs import CHAT, FixedExemplars, PromptProgram, SamplingParams
from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.frozen import ProgramMetadata, freeze_program, load_program
from openmedlm.programs.frozen.schema import has_valid_checksum
from openmedlm.runs.external_completions import read_completions
from openmedlm.tuning.space_file import read_spaces

GOOD = {"id": "good", "question": "Which organ?", "options": {"A": "liver", "B": "heart"}, "answer": "B"}
HALF = "\ud83d"
LONG = "9" * 5_000


def changed(**fields: Any) -> bytes:
    """Return a question as a JSON line with changed fields; `...` removes a field."""
    record = {**GOOD, "id": "bad", **fields}
    return json.dumps({name: value for name, value in record.items() if value is not ...}).encode()


RECORDS: dict[str, dict[str, Any]] = {
    "no id": {"id": ...},
    "id null": {"id": None},
    "id empty": {"id": ""},
    "id blank": {"id": " \t"},
    "id a number": {"id": 7},
    "id a list": {"id": ["x"]},
    "id half a character": {"id": HALF},
    "the id of another": {"id": "good"},
    "no question": {"question": ...},
    "question empty": {"question": ""},
    "question blank": {"question": " \n "},
    "question NaN": {"question": float("nan")},
    "question true": {"question": True},
    "question an object": {"question": {"text": "Which?"}},
    "question half a character": {"question": f"Which {HALF}?"},
    "no options": {"options": ...},
    "options null": {"options": None},
    "options empty": {"options": {}},
    "options an empty list": {"options": []},
    "options a text": {"options": "A liver B heart"},
    "options a number": {"options": 4},
    "one option": {"options": {"A": "liver"}, "answer": "A"},
    "one option in a list": {"options": ["liver"], "answer": "A"},
    "thirty options": {"options": [f"organ {n}" for n in range(30)]},
    "thirty lettered options": {"options": {chr(65 + n): f"organ {n}" for n in range(30)}},
    "options from B on": {"options": {"B": "heart", "C": "liver"}},
    "a letter left out": {"options": {"A": "liver", "B": "heart", "D": "spleen"}},
    "letters in another order": {"options": {"B": "heart", "A": "liver"}},
    "small letters": {"options": {"a": "liver", "b": "heart"}},
    "numbers for letters": {"options": {"1": "liver", "2": "heart"}},
    "an option empty": {"options": {"A": "liver", "B": ""}},
    "an option blank in a list": {"options": ["liver", "  "]},
    "an option null": {"options": {"A": "liver", "B": None}},
    "an option a number": {"options": {"A": "liver", "B": 2}},
    "an option half a character": {"options": {"A": "liver", "B": HALF}},
    "no answer": {"answer": ...},
    "answer null": {"answer": None},
    "answer empty": {"answer": ""},
    "answer outside the options": {"answer": "E"},
    "answer a small letter": {"answer": "b"},
    "answer an index": {"answer": 1},
    "answer the option's text": {"answer": "heart"},
    "answer with a full stop": {"answer": "B."},
    "two answers": {"answer": "AB"},
    "context a number": {"context": 3},
    "context an object": {"context": {"a": "b"}},
    "context of numbers": {"context": [1, 2]},
    "context with an empty paragraph": {"context": ["A passage.", ""]},
    "subject a number": {"subject": 12},
    "explanation a list": {"explanation": ["So."]},
    "explanation half a character": {"explanation": HALF},
}

BYTES: dict[str, bytes] = {
    "not JSON": b"{id: bad}",
    "cut off": changed()[:-5],
    "two objects": changed() + changed(),
    "a list": b"[" + changed() + b"]",
    "a text": b'"a question"',
    "null": b"null",
    "a number": b"3",
    "latin-1": changed().replace(b"organ", b"organ\xe9"),
    "UTF-16": changed().decode().encode("utf-16"),
    "an invalid byte": b"\xff",
    "zero bytes": b"\0" * 40,
    "a number too long": b'{"id": ' + LONG.encode() + b"}",
    "a nesting too deep": b'{"id": ' + b"[" * 100_000,
    "a comma too many": changed()[:-1] + b",}",
    "single quotes": changed().replace(b'"', b"'"),
    "a byte-order mark in the middle": b"\xef\xbb\xbf" + changed(),
}

CSV_HEAD = b"id,question,A,B,answer\n"
CSV_ROWS: dict[str, bytes] = {
    "no id": b",Which?,liver,heart,B",
    "a blank id": b" ,Which?,liver,heart,B",
    "the id of another": b"good,Which?,liver,heart,B",
    "no question": b"bad,,liver,heart,B",
    "a blank question": b"bad,  ,liver,heart,B",
    "no option": b"bad,Which?,,,B",
    "one option": b"bad,Which?,liver,,A",
    "a gap in the options": b"bad,Which?,,heart,B",
    "no answer": b"bad,Which?,liver,heart,",
    "answer outside": b"bad,Which?,liver,heart,C",
    "answer small": b"bad,Which?,liver,heart,b",
    "answer a number": b"bad,Which?,liver,heart,2",
    "answer a text": b"bad,Which?,liver,heart,heart",
    "cells missing": b"bad,Which?",
    "one cell": b"bad",
    "a cell too many": b"bad,Which, then?,liver,heart,B",
    "fifty cells": b"bad" + b"," * 50,
    "a quote left open": b'bad,"Which?,liver,heart,B',
    "text after a quote": b'bad,"Which"?,liver,heart,B',
    "latin-1": b"bad,Quelle \xe9?,liver,heart,B",
}
CSV_FILES: dict[str, bytes] = {
    "nothing": b"",
    "only a byte-order mark": b"\xef\xbb\xbf",
    "blank lines": b"\n\n\n",
    "only a header": CSV_HEAD,
    "no id": b"question,A,B,answer\nWhich?,liver,heart,B\n",
    "no question": b"id,A,B,answer\nx,liver,heart,B\n",
    "no answer": b"id,question,A,B\nx,Which?,liver,heart\n",
    "no options": b"id,question,answer\nx,Which?,B\n",
    "both kinds of options": b'id,question,A,options,answer\nx,Which?,liver,"[]",B\n',
    "a column twice": b"id,id,question,A,B,answer\nx,y,Which?,liver,heart,B\n",
    "semicolons": b"id;question;A;B;answer\nx;Which?;liver;heart;B\n",
    "tabs": b"id\tquestion\tA\tB\tanswer\nx\tWhich?\tliver\theart\tB\n",
    "small letters for columns": b"id,question,a,b,answer\nx,Which?,liver,heart,B\n",
    "capitals for columns": b"ID,QUESTION,A,B,ANSWER\nx,Which?,liver,heart,B\n",
    "no header": b"x,Which?,liver,heart,B\n",
    "UTF-16": (CSV_HEAD + b"x,Which?,liver,heart,B\n").decode().encode("utf-16"),
    "zero bytes": b"\0" * 64,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "options not in JSON": b"id,question,options,answer\nx,Which?,A liver,B\n",
    "options a number": b"id,question,options,answer\nx,Which?,3,B\n",
    "options nested too deep": b"id,question,options,answer\nx,Which?," + b"[" * 100_000 + b",B\n",
    "options a number too long": b"id,question,options,answer\nx,Which?," + LONG.encode() + b",B\n",
    "options empty": b'id,question,options,answer\nx,Which?,"{}",B\n',
}

LINE = {"qid": "good", "gold": "B", "completion": "Answer: B"}
SCORED: dict[str, Any] = {
    "no qid": {"gold": "A", "completion": "A"},
    "qid null": {**LINE, "qid": None},
    "qid empty": {**LINE, "qid": ""},
    "qid a number": {**LINE, "qid": 3},
    "qid a list": {**LINE, "qid": []},
    "qid half a character": {**LINE, "qid": HALF},
    "no gold": {"qid": "x", "completion": "A"},
    "gold null": {**LINE, "gold": None},
    "gold small": {**LINE, "qid": "x", "gold": "b"},
    "gold a number": {**LINE, "gold": 1},
    "gold two letters": {**LINE, "gold": "AB"},
    "gold a sign": {**LINE, "gold": "Ä"},
    "gold with a space": {**LINE, "gold": "B "},
    "another gold": {**LINE, "gold": "C"},
    "neither completion nor letters": {"qid": "x", "gold": "A"},
    "both completion and letters": {**LINE, "qid": "x", "letters": ["A"]},
    "completion a number": {**LINE, "completion": 2},
    "completion a list": {**LINE, "completion": ["A"]},
    "completion false": {**LINE, "completion": False},
    "letters a text": {"qid": "x", "gold": "A", "letters": "ABA"},
    "letters an object": {"qid": "x", "gold": "A", "letters": {"A": 1}},
    "letters of numbers": {"qid": "x", "gold": "A", "letters": [1]},
    "letters small": {"qid": "x", "gold": "A", "letters": ["a"]},
    "letters too long": {"qid": "x", "gold": "A", "letters": ["AB"]},
    "letters empty texts": {"qid": "x", "gold": "A", "letters": [""]},
    "letters outside the options": {"qid": "x", "gold": "A", "letters": ["C"], "options": {"A": "x", "B": "y"}},
    "the other kind than before": {"qid": "good", "gold": "B", "letters": ["A"]},
    "options a list": {**LINE, "qid": "x", "options": ["liver"]},
    "options empty": {**LINE, "qid": "x", "options": {}},
    "options small": {**LINE, "qid": "x", "options": {"a": "x", "b": "y"}},
    "options of numbers": {**LINE, "qid": "x", "options": {"A": 1, "B": 2}},
    "options null": {**LINE, "qid": "x", "options": {"A": None, "B": "y"}},
    "options half a character": {**LINE, "qid": "x", "options": {"A": HALF, "B": "y"}},
    "options without the gold": {**LINE, "qid": "x", "options": {"A": "x", "C": "y"}},
    "other options than before": {**LINE, "options": {"A": "x", "B": "y"}},
    "sample a fraction": {**LINE, "sample": 0.5},
    "sample true": {**LINE, "sample": True},
    "sample a list": {**LINE, "sample": [0]},
    "sample half a character": {**LINE, "sample": HALF},
    "a sample twice": {**LINE, "sample": 0},
    "model a number": {**LINE, "model": 7},
    "model half a character": {**LINE, "model": HALF},
    "method a list": {**LINE, "method": []},
    "benchmark a number": {**LINE, "benchmark": 1},
    "a list": [LINE],
    "a text": "Answer: B",
    "null": None,
}

YAML: dict[str, bytes] = {
    "nothing": b"",
    "a text": b"medqa",
    "a number": b"7",
    "a list": b"- votes\n- k\n",
    "null": b"null",
    "a tab": b"votes:\n\t- 1\n",
    "a list left open": b"votes: [1, 2",
    "a mapping left open": b"{votes: 1",
    "a text left open": b'votes: "1',
    "two documents": b"votes: [1]\n---\nvotes: [2]\n",
    "no colon": b"votes 1\nk 2\n",
    "a colon too many": b"votes: k: 2\n",
    "an unknown alias": b"votes: *one\n",
    "an object of Python": b"votes: !!python/object/apply:os.system ['true']\n",
    "a name of Python": b"votes: !!python/name:os.system\n",
    "an unknown tag": b"votes: !secret 1\n",
    "an invalid date": b"votes: 2024-13-45\n",
    "an invalid directive": b"%NO\n",
    "an at sign": b"votes: @x\n",
    "a backtick": b"`votes`: 1\n",
    "latin-1": b"votes: \xe9\n",
    "zero bytes": b"votes: \0\n",
    "bad escapes": b'votes: "\\q"\n',
    "nested too deep": b"[" * 20_000,
    "keys that are lists": b"? [a]\n: 1\n",
    "keys that are mappings": b"? {a: 1}\n: 1\n",
    "indentation": b"votes: 1\n  k: 2\n",
    "a number too long": b"votes: " + LONG.encode() + b"\n",
}
SPACES: dict[str, bytes] = {
    **YAML,
    "an unknown parameter": b"vots: [1, 5]\n",
    "votes a text": b"votes: many\n",
    "votes texts": b"votes: [one, five]\n",
    "votes none": b"votes: []\n",
    "votes negative": b"votes: [-1]\n",
    "votes zero": b"votes: [0]\n",
    "votes a fraction": b"votes: [1.5]\n",
    "a span without an end": b"votes: {low: 1}\n",
    "a span from high to low": b"votes: {low: 9, high: 1}\n",
    "a span with more": b"votes: {low: 1, high: 9, by: 2}\n",
    "temperature hot": b"temperature: [9]\n",
    "temperature not a number": b"temperature: [.nan]\n",
    "temperature infinite": b"temperature: [.inf]\n",
    "k negative": b"k: [-1]\n",
    "models a list": b"models: [a, b]\n",
    "models of another": b"models: {other/model: {votes: [1]}}\n",
    "a model with a list": b"models: {local/small: [1]}\n",
    "a model with an unknown parameter": b"models: {local/small: {vots: [1]}}\n",
}

MODELS = [
    *("", " ", "\n", "\t", "/", "//", "///m", "/m", " /m", "m/", "m/ ", "m/\n", "-", "é", "\0/\0", "\x1b[31m/m"),
    *("gpt-4", "gpt 4", "nonsense", "local", "openai", "hosted_vllm", "openai/", "ollama_chat/", "hosted_vllm/"),
    *("openai/a b", "openai/\x1b[31m", f"openai/{HALF}", "openai /m", " openai/m", "hosted_vllm/m", "hosted_vllm/ "),
    *("http://host/v1", "https://user:secret@host/v1", "file:///etc/passwd", "javascript:alert(1)/m", "a:b/c"),
    *("local/", "local/ ", "local/.", "local/..", "local/../../etc/passwd", "local//etc/passwd", "local /m"),
    *("local/nothing-of-that-name", "local/QWEN", "local/nothing.gguf", "local//no/such.gguf", "local/.gguf"),
    *("local/a\0b.gguf", "local/a\n.gguf", f"local/{HALF}.gguf", f"local/{LONG}", f"local/{LONG}.gguf"),
]
ADDRESSES = [
    *("ftp://host/v1", "host", "localhost:8000", "http://", "http:///v1", "https:host", "//host", "file:///etc/passwd"),
    *("http://user:secret@host/v1", "http://host/v1?key=secret", "http://host:99999/v1", "http://host:port/v1"),
    *("http://[::1/v1", "javascript:alert(1)", " ", "http://host/v1#part", "http://ho st/v1", "http://host\n/v1"),
]
STORAGES = [
    *("", " ", "nothing", "sqlite", "sqlite:", "mysql://host/db", "postgresql://", "http://host/db", "postgres"),
    *("sqlite:////no/such/folder/study.db", "sqlite:////etc/passwd", "sqlite:///", "oracle://host", "://", "a://b://c"),
    *(
        "postgresql://127.0.0.1:1/none",
        "postgresql+nothing://host/db",
        "file:///etc/passwd",
        "journal://",
        "sqlite://x",
    ),
    *(
        "sqlite:////",
        "sqlite:///:memory:",
        "sqlite+aiosqlite:///x.db",
        "sqlite:///a\0b",
        "sqlite:///.",
        "sqlite:////tmp",
    ),
    *(
        "sqlite3:///x.db",
        "SQLITE:///x.db",
        "sqlite:x.db",
        "sqlite//x.db",
        "study.db",
        "/tmp/study.db",
        "sqlite:///" + LONG,
    ),
    *("journal", "journal:", "journal:.", "journal:/no/such/folder/study.log", "journal:\0", "journal:" + LONG),
    *("postgresql:", "postgresql://host:port/db", "postgresql://[::1/db", "postgresql://u:secret@127.0.0.1:1/x"),
    *("postgresql://u@127.0.0.1:1/x?password=secret", "postgresql://127.0.0.1:1/x?nonsense=1", "redis://host"),
    *("postgresql+psycopg2://host/db", "\n", "\x1b[31m", HALF, f"sqlite:///{HALF}.db", "s3://bucket/x", LONG),
]


def error_message(read: Callable[[], object], *parts: str) -> str:
    """Return the message of the UserError; check that it is one short printable line that contains the parts."""
    with pytest.raises(UserError) as caught:
        read()
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) <= 1_001
    for part in parts:
        assert part in message
    assert len(message.split()) > 3
    return message


@pytest.mark.parametrize("name", [*RECORDS, *BYTES])
def test_read_questions_invalid_jsonl_line_is_named(name: str, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    line = changed(**RECORDS[name]) if name in RECORDS else BYTES[name]
    file.write_bytes(json.dumps(GOOD).encode() + b"\n\n" + line + b"\n")
    message = error_message(lambda: read_questions(file, "mine", "dev"), f"{file}:3: ")
    assert re.search(r"\. [A-Z]", message), "the message has no fix"


@pytest.mark.parametrize("name", CSV_ROWS)
def test_read_questions_invalid_csv_row_is_named(name: str, tmp_path: Path) -> None:
    file = tmp_path / "questions.csv"
    file.write_bytes(CSV_HEAD + b"good,Which?,liver,heart,B\n" + CSV_ROWS[name] + b"\n")
    error_message(lambda: read_questions(file, "mine", "dev"), f"{file}:3: ")


@pytest.mark.parametrize("name", CSV_FILES)
def test_read_questions_invalid_csv_file_is_named(name: str, tmp_path: Path) -> None:
    file = tmp_path / "questions.csv"
    file.write_bytes(CSV_FILES[name])
    error_message(lambda: read_questions(file, "mine", "dev"), str(file))


@pytest.mark.parametrize("name", RECORDS)
def test_read_questions_invalid_parquet_row_is_named(name: str, tmp_path: Path) -> None:
    file = tmp_path / "questions.parquet"
    record = {**GOOD, "id": "bad", **RECORDS[name]}
    columns = {}
    for column, value in record.items():
        kept = None if value is ... else value
        good = GOOD.get(column) if kept is None or type(GOOD.get(column)) is type(kept) else None
        try:
            columns[column] = pa.array([good, kept])
        except (pa.ArrowException, UnicodeEncodeError):
            pytest.skip("parquet cannot store the value")
    if name == "letters in another order":
        pytest.skip("a struct has one order of fields")
    pq.write_table(pa.table(columns), file)
    error_message(lambda: read_questions(file, "mine", "dev"), str(file))


@pytest.mark.parametrize("cut", [*range(0, 1_000, 40), "tail", "text", "folder", "gone"])
def test_read_questions_broken_parquet_file_is_error_message(cut: int | str, tmp_path: Path) -> None:
    file = tmp_path / "questions.parquet"
    pq.write_table(pa.table({name: [value] for name, value in GOOD.items()}), file)
    content = file.read_bytes()
    file.unlink()
    if cut == "folder":
        file.mkdir()
    elif cut != "gone":
        file.write_bytes(
            {"tail": content[10:], "text": b"id,question\n"}.get(str(cut)) or content[: min(int(cut), len(content) - 1)]
        )
    error_message(lambda: read_questions(file, "mine", "dev"), str(file))


@pytest.mark.parametrize("name", [*SCORED, *BYTES])
def test_read_completions_invalid_line_is_named(name: str, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    line = json.dumps(SCORED[name]).encode() if name in SCORED else BYTES[name]
    file.write_bytes(json.dumps({**LINE, "sample": 0}).encode() + b"\n" + line + b"\n")
    error_message(lambda: read_completions(file), f"{file}:2: ")


@pytest.mark.parametrize("read", [lambda file: read_questions(file, "mine", "dev"), read_completions])
def test_readers_refuse_huge_line_in_little_memory(read: Callable[[Path], object], tmp_path: Path) -> None:
    file = tmp_path / "file.jsonl"
    with file.open("wb") as long:
        long.truncate(100_000_000)
    tracemalloc.start()
    error_message(lambda: read(file), f"{file}:1: ", "32 MiB")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**27


@pytest.mark.parametrize("name", YAML)
def test_yaml_mapping_invalid_file_is_named(name: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(YAML[name])
    error_message(lambda: yaml_mapping(file, "options to values", "benchmark: mmlu"), str(file))


@pytest.mark.parametrize("name", SPACES)
def test_read_spaces_invalid_file_is_named(name: str, tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_bytes(SPACES[name])
    error_message(lambda: read_spaces(str(file), ["local/small"]), str(file))


@pytest.mark.parametrize("model", MODELS)
def test_find_endpoint_invalid_model_is_error_message(model: str) -> None:
    assert "secret" not in error_message(lambda: find_endpoint(model))


@pytest.mark.parametrize("address", ADDRESSES)
def test_find_endpoint_invalid_address_hides_secrets(address: str) -> None:
    assert "secret" not in error_message(lambda: find_endpoint("hosted_vllm/m", address), "--api-base")


@pytest.mark.parametrize("url", STORAGES)
def test_open_storage_invalid_url_is_error_message(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "secret" not in error_message(lambda: open_storage(url))
    assert list(tmp_path.iterdir()) == []


def program_bytes(directory: Path) -> bytes:
    """Freeze a small program in the folder and return its `program.json`."""
    shown = tuple(Exemplar(question) for question in load_split("mmlu", "pool", "sample")[:2])
    program = PromptProgram("few-shot", "Answer.", CHAT, False, SamplingParams(max_tokens=8), FixedExemplars(shown))
    facts = ProgramMetadata(model="hosted_vllm/small", benchmark="mmlu", pool=None, dev=None)
    freeze_program(program, directory, facts, load_split("mmlu", "dev", "sample")[:1])
    return (directory / "program.json").read_bytes()


def sealed_bytes(head: bytes) -> bytes:
    """Return a `program.json` that ends at its checksum, with the matching checksum."""
    digest = hashlib.sha256(head + b'"\n}\n').hexdigest()
    return head + digest.encode() + b'"\n}\n'


def _resealed(content: bytes, change: Callable[[Any], object]) -> bytes:
    """Return a changed `program.json` with a matching checksum, as an attacker would write it."""
    values = orjson.loads(content)
    change(values)
    written = orjson.dumps(values, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    sealed = sealed_bytes(written[: written.rindex(b'"sha256": "') + len(b'"sha256": "')])
    assert has_valid_checksum(sealed)
    return sealed


def _set(path: str, value: object) -> Callable[[Any], None]:
    *folders, name = path.split(".")

    def change(values: Any) -> None:
        for folder in folders:
            values = values[folder]
        values[name] = value

    return change


ODD = [None, 0, -1, 1.5, "", "nothing", [], {}, True, 10**30]
FIELDS = ["strategy", "template", "decode", "votes", "exemplars", "exemplars.count", "files", "provenance", "dev.n"]
PROGRAMS = {
    **{f"{field} {value!r}": _set(field, value) for field in FIELDS for value in ODD if (field, value) != ("votes", 1)},
    "another version": _set("schema_version", 99),
    "a field more": _set("decode.more", 1),
    "a placeholder more": _set("template.question", "{question} {secret}"),
    "a placeholder that reaches into an object": _set("template.question", "{question.__class__}"),
    "a conversion": _set("template.head", "{instructions!r:>{width}}"),
    "a brace left open": _set("template.head", "{instructions"),
    "hot": _set("decode.temperature", 9),
    "cold": _set("decode.temperature", -1),
    "a million exemplars": _set("exemplars.count", 10**6),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_load_program_changed_field_is_error_message(name: str, tmp_path: Path) -> None:
    directory = tmp_path / "program"
    content = program_bytes(directory)
    try:
        (directory / "program.json").write_bytes(_resealed(content, PROGRAMS[name]))
    except (TypeError, KeyError):
        pytest.skip("the field does not exist")
    error_message(lambda: load_program(directory), str(directory))
