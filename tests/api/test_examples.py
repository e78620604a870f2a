"""Examples that call an endpoint run against one: those of docstrings, and the README's."""

import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import dspy
import pytest
from model_server import ModelServer

import openmedlm

README = Path(__file__).parents[2] / "README.md"
ADDRESS = "http://127.0.0.1:8000/v1"
PACKAGE = Path(openmedlm.__file__).parent
MODULES = [
    ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
    for folder in sorted(path for path in PACKAGE.iterdir() if path.is_dir())
    for file in sorted(folder.glob("**/*.py"))
    if f'api_base="{ADDRESS}"' in file.read_text("utf-8")
]


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    """DSPy's settings as they were, whatever an example configures."""
    before = dspy.settings.lm
    yield
    dspy.configure(lm=before)


@pytest.mark.parametrize("name", MODULES)
def test_examples_at_an_endpoint_run(name: str, server: ModelServer) -> None:
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
    source = "\n".join(lines).replace(ADDRESS, server.base_url).replace('("pubmedqa")', '("mmlu", "sample")')
    source = source.replace("dev[:100]", "dev[:3]")
    assert 9 <= len(lines) <= 16
    namespace: dict[str, object] = {}
    exec(compile(source, "README.md", "exec"), namespace)
    result = namespace["result"]
    assert isinstance(result, openmedlm.EvaluationResult)
    assert [each.program for each in result] == ["cot", "knn-cot", "ensemble"]
    assert "knn-cot" in capsys.readouterr().out
    assert openmedlm.load_program("frozen/pubmedqa-voted").program.votes == 5
