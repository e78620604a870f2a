"""Editors and type checkers see the public names."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import openmedlm

ROOT = Path(__file__).parents[2]

GOOD = """
import dspy
import openmedlm as om

medqa = om.load_benchmark("medqa")
student = om.CoT()
knn = om.KNNFewShot(k=5, metric=om.exact_match).compile(student, trainset=medqa.train)
voted = om.MajorityVote(votes=5).compile(knn, trainset=medqa.train)
result = om.evaluate([student, knn, voted], medqa.dev, limit=200)
print(result.table())
om.freeze(voted, "frozen/medqa-voted")
module = om.load_program("frozen/medqa-voted").module()
"""

WRONG = {
    "om.KNNFewShot(k=5,": "om.KNNFewShot(k='five',",
    "om.MajorityVote(votes=5)": "om.MajorityVote(vote=5)",
    "medqa.dev, limit=200": "medqa.dev, limit='200'",
    'om.load_benchmark("medqa")': "om.load_benchmark(3)",
    "om.freeze(voted, ": "om.freeze(5, ",
    "om.CoT()": "om.no_such_name()",
    "result.table()": "result.tabel()",
}


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Errors of mypy --strict in the right lines and in each wrong variant, from one run."""
    folder = tmp_path_factory.mktemp("typed")
    sources = {"right": GOOD, **{f"wrong_{n}": GOOD.replace(right, WRONG[right]) for n, right in enumerate(WRONG)}}
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)
    config = ("--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".mypy_cache"))
    files = [str(folder / f"{name}.py") for name in sources]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *config, *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    return {name: [line for line in done.stdout.splitlines() if f"{name}.py:" in line] for name in sources}


def test_mypy_strict_passes_the_readme_lines(errors: dict[str, list[str]]) -> None:
    assert errors["right"] == []


@pytest.mark.parametrize(("number", "right"), list(enumerate(WRONG)))
def test_mypy_strict_finds_a_wrong_argument(number: int, right: str, errors: dict[str, list[str]]) -> None:
    assert right in GOOD
    assert any("error" in line for line in errors[f"wrong_{number}"])


def test_typed_imports_are_the_exports() -> None:
    tree = ast.parse(Path(openmedlm.__file__).read_text())
    typed = {
        alias.asname or alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {name: f"openmedlm.{home}" for name, home in openmedlm._HOME.items()} == typed
    assert set(openmedlm.__all__) == {*typed, "__version__"}


def test_names_beside_dspy_mean_the_same() -> None:
    import dspy
    from dspy import teleprompt

    theirs = {**vars(teleprompt), **{name: value for name, value in vars(dspy).items() if not inspect.ismodule(value)}}
    shared = {name for name in openmedlm.__all__ if name in theirs}
    # Both are optimizers with compile(student, trainset=...) and k.
    assert shared - {"__version__"} == {"KNNFewShot"}
    assert issubclass(openmedlm.KNNFewShot, teleprompt.Teleprompter)


@pytest.mark.parametrize("name", [n for n in openmedlm.__all__ if n != "__version__"])
def test_public_names_are_documented(name: str) -> None:
    thing = getattr(openmedlm, name)
    if inspect.isclass(thing) or inspect.isfunction(thing):
        assert thing.__doc__
        assert not re.match(r"(What|Which|Who|Whether|How|Where)\b", thing.__doc__)
