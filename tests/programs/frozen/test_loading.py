import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from data import Question
from programs.frozen import FrozenProgram, Refused, load_program, verify_program
from programs.neighbours import SentenceEmbedder, find_embedder
from programs.strategies import SINGLE, Ensemble, Strategy

Ready = Callable[..., Strategy | Ensemble]
Freeze = Callable[..., FrozenProgram]


@pytest.mark.parametrize("name", [*SINGLE, Ensemble.name])
def test_a_program_in_another_place_proves_itself(name: str, ready: Ready, frozen: Freeze, tmp_path: Path) -> None:
    made = frozen(ready(name, "mmlu").prompt_program())
    moved = shutil.move(made.directory, tmp_path / "elsewhere")
    proof = verify_program(moved)
    assert proof.prompts == 2 * made.program.votes
    assert proof.frozen.program.digest() == made.program.digest()
    assert proof.frozen.document == made.document


def test_loading_and_rendering_need_no_dspy_and_no_network(ready: Ready, frozen: Freeze) -> None:
    """A process of its own, in which DSPy can't be imported and no socket can be opened."""
    directory = frozen(ready("few-shot-cot", "mmlu").prompt_program()).directory
    code = f"""
import socket, sys
sys.modules["dspy"] = None
def refuse(*_, **__): raise AssertionError("no network")
socket.socket.connect = refuse
from programs.frozen import verify_program
print(verify_program({str(directory)!r}).prompts)
heavy = [name for name in ("torch", "litellm", "datasets", "transformers") if name in sys.modules]
assert not heavy, heavy
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.stdout.strip(), ended.stderr) == ("2", "")


def test_a_retrieving_program_loads_no_model_before_it_has_to(ready: Ready, frozen: Freeze) -> None:
    directory = frozen(ready("knn-cot", "mmlu").prompt_program()).directory
    code = f"""
import sys
from programs.frozen import load_program
load_program({str(directory)!r})
assert "torch" not in sys.modules and "dspy" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_same_embedder_elsewhere_is_taken_and_another_is_refused(
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
    with pytest.raises(ValueError, match="is not the one that this program was frozen with"):
        load_program(directory, str(copy)).program.exemplars.choose(sample("mmlu", "dev"))


def test_an_exemplar_that_would_not_fit_its_vector_is_refused(ready: Ready, frozen: Freeze) -> None:
    """Whoever forges the checksums too still can't make it into what it is not."""
    from programs.frozen.document import sealed

    made = frozen(ready("knn-cot", "mmlu").prompt_program())
    forged = made.document.model_copy(update={"exemplars": made.document.exemplars.model_copy(update={"count": 23})})
    (made.directory / "program.json").write_bytes(sealed(forged)[1])
    with pytest.raises(Refused, match="do not fit together"):
        load_program(made.directory)


def test_a_golden_prompt_that_is_no_longer_rendered_is_named(ready: Ready, frozen: Freeze) -> None:
    from programs.frozen.document import sealed

    made = frozen(ready("cot", "mmlu").prompt_program())
    changed = replace(made.document.template, option="{letter}) {text}")
    (made.directory / "program.json").write_bytes(sealed(made.document.model_copy(update={"template": changed}))[1])
    with pytest.raises(Refused, match=r"golden.jsonl:1: the question \S+ now renders otherwise"):
        verify_program(made.directory)


def test_a_missing_directory_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no such directory") as refused:
        load_program(tmp_path / "nothing")
    assert "\n" not in str(refused.value)
