import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from openmedlm.data import Question
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.frozen import FrozenProgram, InvalidProgram, load_program, verify_program
from openmedlm.programs.retrieval import SentenceEmbedder, find_embedder
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.to_module import STRATEGY_CLASSES

Ready = Callable[..., Strategy | MajorityEnsemble]
Freeze = Callable[..., FrozenProgram]


@pytest.mark.parametrize("name", [*STRATEGY_CLASSES, MajorityEnsemble.name])
def test_moved_program_verifies(name: str, ready: Ready, frozen: Freeze, tmp_path: Path) -> None:
    made = frozen(ready(name, "mmlu").prompt_program())
    relabel = shutil.move(made.directory, tmp_path / "elsewhere")
    proof = verify_program(relabel)
    assert proof.prompts == 2 * made.program.votes
    assert proof.frozen.program.digest() == made.program.digest()
    assert proof.frozen.document == made.document


def test_verification_needs_no_dspy_and_no_network(ready: Ready, frozen: Freeze) -> None:
    """Run in a new process that can neither import DSPy nor open a socket."""
    directory = frozen(ready("few-shot-cot", "mmlu").prompt_program()).directory
    code = f"""
import socket, sys
sys.modules["dspy"] = None
def refuse(*_, **__): raise AssertionError("no network")
socket.socket.connect = refuse
from openmedlm.programs.frozen import verify_program
print(verify_program({str(directory)!r}).prompts)
heavy = [name for name in ("torch", "litellm", "datasets", "transformers") if name in sys.modules]
assert not heavy, heavy
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.stdout.strip(), ended.stderr) == ("2", "")


def test_loading_a_retrieving_program_loads_no_model(ready: Ready, frozen: Freeze) -> None:
    directory = frozen(ready("knn-cot", "mmlu").prompt_program()).directory
    code = f"""
import sys
from openmedlm.programs.frozen import load_program
load_program({str(directory)!r})
assert "torch" not in sys.modules and "dspy" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_embedder_copy_is_accepted_and_another_rejected(
    ready: Ready, frozen: Freeze, tmp_path: Path, sample: Callable[[str, str], list[Question]]
) -> None:
    directory = frozen(ready("knn-cot", "mmlu").prompt_program()).directory
    original = find_embedder()
    assert isinstance(original, SentenceEmbedder)
    copy = tmp_path / "copy"
    shutil.copytree(original.source, copy)
    assert verify_program(directory, str(copy)).prompts == 2
    tokenizer = copy / "tokenizer_config.json"
    tokenizer.write_text(tokenizer.read_text() + "\n")
    with pytest.raises(ValueError, match="wrong embedder"):
        load_program(directory, str(copy)).program.exemplars.choose(sample("mmlu", "dev"))


def test_forged_exemplar_count_is_rejected(ready: Ready, frozen: Freeze) -> None:
    """Correct checksums do not make inconsistent files valid."""
    from openmedlm.programs.frozen.schema import serialize_document

    made = frozen(ready("knn-cot", "mmlu").prompt_program())
    forged = made.document.model_copy(update={"exemplars": made.document.exemplars.model_copy(update={"count": 23})})
    (made.directory / "program.json").write_bytes(serialize_document(forged))
    with pytest.raises(InvalidProgram, match="inconsistent files"):
        load_program(made.directory)


def test_changed_golden_prompt_is_named(ready: Ready, frozen: Freeze) -> None:
    from openmedlm.programs.frozen.schema import serialize_document

    made = frozen(ready("cot", "mmlu").prompt_program())
    changed = replace(made.document.template, option="{letter}) {text}")
    (made.directory / "program.json").write_bytes(
        serialize_document(made.document.model_copy(update={"template": changed}))
    )
    with pytest.raises(InvalidProgram, match=r"changed prompt in .*golden.jsonl:1: question sample-mmlu-dev-01"):
        verify_program(made.directory)


def test_missing_directory_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidProgram, match="no such directory") as refused:
        load_program(tmp_path / "nothing")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "forge",
    [
        lambda d: {"template": replace(d.template, head="{nope}")},
        lambda d: {"template": replace(d.template, head="{")},
        lambda d: {"strategy": "foo"},
        lambda d: {"member": "cot"},
        lambda d: {"decode": replace(d.decode, max_tokens=-5)},
        lambda d: {"decode": replace(d.decode, temperature=float(9))},
    ],
)
def test_unrunnable_program_is_rejected_on_load(
    forge: Callable[..., dict[str, object]], ready: Ready, frozen: Freeze
) -> None:
    from openmedlm.programs.frozen.schema import serialize_document

    made = frozen(ready("cot", "mmlu").prompt_program())
    (made.directory / "program.json").write_bytes(
        serialize_document(made.document.model_copy(update=forge(made.document)))
    )
    with pytest.raises(InvalidProgram) as refused:
        load_program(made.directory)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content"), [("exemplars.parquet", b"PAR1 nonsense"), ("golden.jsonl", b""), ("golden.jsonl", b"{}\n")]
)
def test_forged_file_is_one_line(name: str, content: bytes, ready: Ready, frozen: Freeze) -> None:
    import hashlib

    from openmedlm.programs.frozen.schema import serialize_document

    made = frozen(ready("knn-cot", "mmlu").prompt_program())
    (made.directory / name).write_bytes(content)
    files = made.document.files | {name: hashlib.sha256(content).hexdigest()}
    (made.directory / "program.json").write_bytes(serialize_document(made.document.model_copy(update={"files": files})))
    with pytest.raises(InvalidProgram) as refused:
        verify_program(made.directory)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("version", [b"true", b'"2\\n\\u001b[31mred"', b"1.0", b"null"])
def test_wrong_schema_version_is_escaped_in_the_error(version: bytes, ready: Ready, frozen: Freeze) -> None:
    made = frozen(ready("cot", "mmlu").prompt_program())
    file = made.directory / "program.json"
    file.write_bytes(file.read_bytes().replace(b'"schema_version": 2', b'"schema_version": ' + version))
    with pytest.raises(InvalidProgram, match="schema version") as refused:
        load_program(made.directory)
    assert str(refused.value).isprintable()


def test_killed_replacement_restores_the_old_program(ready: Ready, frozen: Freeze) -> None:
    from openmedlm.programs.frozen import check_target_directory

    made = frozen(ready("cot", "mmlu").prompt_program())
    made.directory.rename(made.directory.with_name(f".{made.directory.name}.old"))
    check_target_directory(made.directory, replace=True)
    assert verify_program(made.directory).prompts == 2


def test_link_to_a_program_stays_a_link(ready: Ready, frozen: Freeze, tmp_path: Path) -> None:
    from openmedlm.programs.frozen import ProgramMetadata, freeze_program

    made = frozen(ready("cot", "mmlu").prompt_program())
    link = tmp_path / "link"
    link.symlink_to(made.directory)
    other = ready("zero-shot", "mmlu").prompt_program()
    freeze_program(other, link, ProgramMetadata("m/x", "mmlu", None, None), [], replace=True)
    assert link.is_symlink()
    assert load_program(made.directory).document.strategy == "zero-shot"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "program"]
