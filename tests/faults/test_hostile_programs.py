"""Frozen programs from unknown authors: a changed one is rejected, and none has side effects."""

import ast
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from openmedlm.data import load_split
from openmedlm.programs import CHAT, FixedExemplars, PromptProgram, SamplingParams
from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.frozen import FrozenProgram, InvalidProgram, ProgramMetadata, freeze_program, load_program
from openmedlm.programs.frozen.schema import serialize_document

UNSAFE = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
FACTS = ProgramMetadata(model="hosted_vllm/small", benchmark="mmlu", pool=None, dev=None)


def made(place: Path, exemplars: int = 0) -> FrozenProgram:
    """Freeze a small program with one golden question."""
    shown = tuple(Exemplar(question) for question in load_split("mmlu", "pool", "sample")[:exemplars])
    strategy = "few-shot" if exemplars else "zero-shot"
    program = PromptProgram(strategy, "Answer.", CHAT, False, SamplingParams(max_tokens=8), FixedExemplars(shown))
    return freeze_program(program, place, FACTS, load_split("mmlu", "dev", "sample")[:1])


def test_every_changed_byte_is_rejected(tmp_path: Path) -> None:
    frozen = made(tmp_path / "program")
    tried, size = 0, sum(file.stat().st_size for file in frozen.directory.iterdir())
    for file in sorted(frozen.directory.iterdir()):
        content = file.read_bytes()
        for place in range(len(content)):
            file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            with pytest.raises(InvalidProgram):
                load_program(frozen.directory)
            tried += 1
        file.write_bytes(content)
    load_program(frozen.directory)
    assert tried == size > 3_000


@pytest.mark.parametrize("name", ["program.json", "golden.jsonl", "README.md", "exemplars.parquet"])
def test_link_to_another_file_is_not_followed(name: str, tmp_path: Path) -> None:
    frozen = made(tmp_path / "program", exemplars=2)
    elsewhere = tmp_path / "elsewhere"
    (frozen.directory / name).rename(elsewhere)
    (frozen.directory / name).symlink_to(elsewhere)
    with pytest.raises(InvalidProgram, match=name):
        load_program(frozen.directory)


@pytest.mark.parametrize("name", ["program.json", "golden.jsonl"])
def test_pipe_is_rejected_at_once(name: str, tmp_path: Path) -> None:
    frozen = made(tmp_path / "program")
    (frozen.directory / name).unlink()
    os.mkfifo(frozen.directory / name)
    with pytest.raises(InvalidProgram, match="not a regular file"):
        load_program(frozen.directory)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "sub/golden.jsonl", "..", "golden.jsonl/../x"])
def test_file_name_outside_the_program_is_rejected(name: str, tmp_path: Path) -> None:
    frozen = made(tmp_path / "program")
    document = frozen.document.model_copy(update={"files": frozen.document.files | {name: "0" * 64}})
    (frozen.directory / "program.json").write_bytes(serialize_document(document))
    with pytest.raises(InvalidProgram):
        load_program(frozen.directory)


@pytest.mark.parametrize("name", ["program.json", "README.md"])
def test_file_larger_than_memory_is_not_read(name: str, tmp_path: Path) -> None:
    frozen = made(tmp_path / "program")
    os.truncate(frozen.directory / name, 1 << 40)  # sparse, so it takes no disk space
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InvalidProgram, match="1,099,511,627,776 bytes"):
        load_program(frozen.directory)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_table_bomb_is_not_unpacked(tmp_path: Path) -> None:
    import hashlib

    frozen = made(tmp_path / "program", exemplars=2)
    file = frozen.directory / "exemplars.parquet"
    bomb = pa.table({"id": pa.array(["x" * 1_000_000]).take(pa.array([0] * 1_500))})
    pq.write_table(bomb, file, compression="zstd")
    assert file.stat().st_size < 2**20
    files = frozen.document.files | {file.name: hashlib.sha256(file.read_bytes()).hexdigest()}
    (frozen.directory / "program.json").write_bytes(
        serialize_document(frozen.document.model_copy(update={"files": files}))
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InvalidProgram, match="it declares 1,500 rows"):
        load_program(frozen.directory)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


WATCHED = """
import sys
seen = []
def hook(event, arguments):
    if event.startswith(("pickle.", "subprocess.", "os.exec", "os.system", "socket.connect", "os.fork")):
        seen.append((event, str(arguments)[:80]))
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        seen.append((event, str(arguments)[:80]))
import numpy, pyarrow.parquet, pydantic, orjson, faiss, hashlib
from openmedlm.programs.frozen import load_program, verify_program
sys.dont_write_bytecode = True
sys.addaudithook(hook)
verify_program(sys.argv[1])
print(seen)
"""


def test_verification_has_no_side_effects(tmp_path: Path) -> None:
    frozen = made(tmp_path / "program", exemplars=2)
    command = [sys.executable, "-c", WATCHED, str(frozen.directory)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def _unsafe(tree: ast.AST) -> Iterator[str]:
    """Yield names of calls and modules that could run code from a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from {alias.name for alias in node.names} & UNSAFE
        elif isinstance(node, ast.ImportFrom):
            yield from {node.module or ""} & UNSAFE
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from {node.func.id} & {"eval", "exec", "__import__"}
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            yield node.arg


def test_package_never_runs_code_from_files() -> None:
    root = Path(__file__).parents[2]
    packages = ("data", "metrics", "openmedlm", "optimizers", "programs")
    ours = [file for package in packages for file in (root / package).rglob("*.py")]
    unsafe = [(file.name, name) for file in ours for name in _unsafe(ast.parse(file.read_text(encoding="utf-8")))]
    assert len(ours) > 150
    assert unsafe == []
    assert set(_unsafe(ast.parse("import marshal\neval('1')"))) == {"marshal", "eval"}
