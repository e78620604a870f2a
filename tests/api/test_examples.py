"""Examples that call an endpoint run against one: those of openmedlm.api, and the README's."""

import doctest
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import dspy
import pytest
from model_server import ModelServer

import openmedlm.api

README = Path(__file__).parents[2] / "README.md"
ADDRESS = "http://127.0.0.1:8000/v1"
MODULES = [f"openmedlm.api.{module.name}" for module in pkgutil.iter_modules(openmedlm.api.__path__)]


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    """DSPy's settings as they were, whatever an example configures."""
    before = dspy.settings.lm
    yield
    dspy.configure(lm=before)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_api_run(name: str, server: ModelServer) -> None:
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for example in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        example.examples = [
            doctest.Example(each.source.replace(ADDRESS, server.base_url), each.want) for each in example.examples
        ]
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0


def test_readme_lines_run(server: ModelServer, capsys: pytest.CaptureFixture[str]) -> None:
    section = README.read_text("utf-8").split("import openmedlm as om", 1)
    code = "import dspy\nimport openmedlm as om" + re.split(r"\n(?:```|[^ \n#])", section[1], maxsplit=1)[0]
    lines = [line.strip() for line in code.splitlines() if line.strip()]
    source = "\n".join(lines).replace(ADDRESS, server.base_url).replace('("medqa")', '("mmlu", "sample")')
    assert 9 <= len(lines) <= 16
    namespace: dict[str, object] = {}
    exec(compile(source, "README.md", "exec"), namespace)
    result = namespace["result"]
    assert isinstance(result, openmedlm.EvaluationResult)
    assert [each.program for each in result] == ["cot", "knn-cot", "ensemble"]
    assert "knn-cot" in capsys.readouterr().out
    assert openmedlm.load_program("frozen/medqa-voted").program.votes == 5
