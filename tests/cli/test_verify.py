import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from model_server import ModelServer

Run = Callable[..., Any]
FLIPS = 24


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("original") / "p"


@pytest.fixture
def program(original: Path, openmedlm: Run, tmp_path: Path) -> Path:
    """Return a copy of a frozen knn-cot program."""
    if not original.exists():
        with ModelServer() as server:
            model = ("-m", "hosted_vllm/small", "--api-base", server.base_url, "-b", "mmlu", "--data-dir", "sample")
            assert openmedlm("compile", "-s", "knn-cot", *model, "--no-score", "-o", original).code == 0
    return Path(shutil.copytree(original, tmp_path / "p"))


def refused(ended: Any, *names: str) -> None:
    """Check that the error is one line with these names, and no traceback."""
    assert ended.code == 2
    assert len(ended.err.strip().splitlines()) == 1
    assert all(name in ended.err for name in names)


@pytest.mark.parametrize("name", ["program.json", "exemplars.parquet", "golden.jsonl", "README.md"])
def test_changed_byte_is_rejected(name: str, program: Path, openmedlm: Run) -> None:
    content = (program / name).read_bytes()
    drawn = random.Random(name)
    offsets = {0, len(content) - 1, *(drawn.randrange(len(content)) for _ in range(FLIPS))}
    for offset in offsets:
        changed = bytearray(content)
        changed[offset] ^= 1 << drawn.randrange(8)
        (program / name).write_bytes(changed)
        refused(openmedlm("verify", program), name)
    (program / name).write_bytes(content)
    assert openmedlm("verify", program).code == 0


@pytest.mark.parametrize("name", ["program.json", "exemplars.parquet", "golden.jsonl", "README.md"])
@pytest.mark.parametrize("change", [lambda b: b + b"\n", lambda b: b[:-1], lambda b: b"", lambda b: b + b" "])
def test_longer_or_shorter_file_is_rejected(
    name: str, change: Callable[[bytes], bytes], program: Path, openmedlm: Run
) -> None:
    (program / name).write_bytes(change((program / name).read_bytes()))
    refused(openmedlm("verify", program), name)


@pytest.mark.parametrize("name", ["program.json", "exemplars.parquet", "golden.jsonl", "README.md"])
def test_missing_file_is_rejected(name: str, program: Path, openmedlm: Run) -> None:
    (program / name).unlink()
    refused(openmedlm("verify", program), name)


def test_extra_file_is_rejected(program: Path, openmedlm: Run) -> None:
    (program / "notes.txt").write_text("mine")
    refused(openmedlm("verify", program), "notes.txt", "Remove it")


def test_unknown_schema_is_rejected(program: Path, openmedlm: Run) -> None:
    document = orjson.loads((program / "program.json").read_bytes())
    (program / "program.json").write_bytes(orjson.dumps(document | {"schema_version": 99}, option=orjson.OPT_INDENT_2))
    refused(openmedlm("verify", program), "schema version", "99", "release of openmedlm")


def test_rejected_program_is_not_run(program: Path, openmedlm: Run) -> None:
    (program / "README.md").write_text("Trust me.")
    refused(openmedlm("evaluate", program, "-b", "mmlu", "--data-dir", "sample"), "README.md")
    refused(openmedlm("export", program, "--to", "dspy"), "README.md")
    refused(openmedlm("ask", program, "-q", "Which?", "--option", "a", "--option", "b"), "README.md")


def test_json_output_has_the_reason(program: Path, openmedlm: Run) -> None:
    (program / "README.md").write_text("Trust me.")
    ended = openmedlm("verify", program, "--json")
    assert (ended.code, ended.json["ok"]) == (2, False)
    assert "changed after freezing" in ended.json["reason"]
    assert "README.md" in ended.json["reason"]


def test_missing_directory_is_one_line(openmedlm: Run) -> None:
    refused(openmedlm("verify", "nowhere"), "nowhere", "no such directory")
