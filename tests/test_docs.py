"""Pages name only files, options and sources that exist, and the tree of the architecture page is complete."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from openmedlm.cli.main import commands

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
NAME = re.compile(r"(?<![\w/.])(?:[a-z_]+/|[a-z_]+\.py)(?![\w/])")


def named_in_tree() -> list[Path]:
    """Return the paths of the tree's lines; two spaces of indentation are one folder."""
    tree = PAGE.read_text("utf-8").split("## Tree")[1].split("## Layers")[0]
    folders: list[Path] = [ROOT]
    paths = []
    for line in filter(str.strip, tree.splitlines()):
        depth = (len(line) - len(line.lstrip()) - 4) // 2
        names = re.split(r"\s{3,}", line.strip())[0].split()
        paths += [folders[depth] / name for name in names if NAME.fullmatch(name)]
        folders = [*folders[: depth + 1], folders[depth] / names[-1]]
    return paths


def test_tree_names_only_what_exists() -> None:
    assert [str(path.relative_to(ROOT)) for path in named_in_tree() if not path.exists()] == []


@pytest.mark.parametrize("package", ["data", "metrics", "programs", "optimizers", "openmedlm"])
def test_tree_names_every_module_and_folder(package: str) -> None:
    named = set(named_in_tree())
    folder = ROOT / package
    there = {path for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    links = {path for path in there if path.is_symlink()}
    left_out = {folder / "__init__.py", folder / "__main__.py"}
    assert sorted(path.name for path in there - links - left_out - named) == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_paths_in_backticks_exist(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    paths = re.findall(r"`((?:[a-z_0-9.]+/)+(?:[\w.]+)?)`", text)
    assert len(paths) > 2
    missing = [path for path in paths if not (ROOT / path).exists() and not (ROOT / "openmedlm" / path).exists()]
    assert missing == []


SERVER_FLAGS = {"--enable-prompt-tokens-details", "--reasoning-parser"}
"""Options of vLLM that the page on models names."""


def test_page_on_models_names_only_existing_options() -> None:
    group: Any = commands()
    _, evaluate, _ = group.resolve_command(typer.Context(group), ["evaluate"])
    known = {option for parameter in evaluate.params for option in (*parameter.opts, *parameter.secondary_opts)}
    spans = re.findall(r"`(--[^`]+)`", (ROOT / "docs" / "models.md").read_text("utf-8"))
    named = {option for span in spans for option in re.findall(r"(?<!\S)--[a-z-]+", span)}
    assert len(named) > 10
    assert named - known - SERVER_FLAGS == set()


def test_page_on_models_cites_only_listed_sources() -> None:
    page, _, listed = (ROOT / "docs" / "models.md").read_text("utf-8").partition("## Sources")
    cited = {number for group in re.findall(r"\[(\d+(?:, \d+)*)\]", page) for number in group.split(", ")}
    assert cited == set(re.findall(r"\[(\d+)\]", listed))
