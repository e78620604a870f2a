"""Behaviour that all commands share."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from openmedlm.cli.main import COMMANDS, main

HEAVY = (
    *("openmedlm.data", "openmedlm.metrics", "openmedlm.programs", "openmedlm.optimizers"),
    *("dspy", "litellm", "numpy", "rich", "orjson", "pydantic"),
)


def test_help_loads_no_command_and_no_heavy_package() -> None:
    code = (
        "import sys; from openmedlm.cli.main import commands; commands().main(['--help'], standalone_mode=False);"
        f"print(sorted(set({HEAVY}) & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.endswith("[]\n")
    assert all(f"  {name} " in result.stdout for name in COMMANDS)
    assert "..." not in result.stdout.partition("Commands:")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_command_help_shows_usage(name: str, openmedlm: Callable) -> None:
    result = openmedlm(name, "--help")
    assert result.code == 0
    assert f"openmedlm {name}" in result.out


@pytest.mark.parametrize("package", [False, True])
def test_command_ignores_a_data_folder_of_the_user(package: bool, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    if package:
        (tmp_path / "data" / "__init__.py").touch()
    command = (sys.executable, "-m", "openmedlm", "data", "list", "--data-dir", "sample", "--json")
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_unknown_command_suggests_the_nearest(openmedlm: Callable) -> None:
    result = openmedlm("scroe")
    assert result.code == 2
    assert "Did you mean 'score'?" in result.err


def test_closed_pipe_ends_a_command_silently() -> None:
    command = f"{sys.executable} -m openmedlm data list --data-dir sample --json | head -c 1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("{", "")


def test_evaluate_failing_cache_is_one_line(
    openmedlm: Callable, hosted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("openmedlm.cli.run_strategies.execute", fails)
    result = openmedlm("evaluate", "zero-shot", *hosted)
    assert result.code == 2
    assert "disk I/O error" in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("seed", ["-1", str(2**63)])
def test_evaluate_seed_out_of_range_is_refused(openmedlm: Callable, seed: str) -> None:
    result = openmedlm("evaluate", "zero-shot", "-b", "mmlu", "-m", "hosted_vllm/small", "--seed", seed)
    assert result.code == 2
    assert "'--seed'" in result.err


def test_unknown_argument_is_printed_without_control_characters(openmedlm: Callable) -> None:
    result = openmedlm("data", "list", "\u202ename")
    assert result.code == 2
    assert "name" in result.err
    assert "\u202e" not in result.err


def test_config_nested_too_deep_is_one_line(openmedlm: Callable, tmp_path: Path) -> None:
    (tmp_path / "deep.yaml").write_text("[" * 10_000)
    result = openmedlm("data", "list", "--config", "deep.yaml")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "deep.yaml: " in result.err


@pytest.mark.parametrize("content", ["seed: 1\nseed: 2\n", "{benchmark: mmlu, benchmark: medqa}"])
def test_config_with_a_repeated_option_is_refused(openmedlm: Callable, tmp_path: Path, content: str) -> None:
    (tmp_path / "twice.yaml").write_text(content)
    result = openmedlm("data", "list", "--config", "twice.yaml")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "occurs twice" in result.err


def test_env_file_not_utf8_is_one_line(openmedlm: Callable[..., Any]) -> None:
    Path(".env").write_bytes(b"KEY=\xff\n")
    result = openmedlm("data", "list")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert ".env is not UTF-8" in result.err


def test_bare_command_prints_the_help_page(openmedlm: Callable[..., Any]) -> None:
    result = openmedlm()
    assert result.code == 2
    assert "\nRun:\n" in result.err
    assert result.err.count("\n") > len(COMMANDS)


@pytest.mark.parametrize("arguments", [("-h",), ("verify", "-h")])
def test_short_help_option_is_accepted(arguments: tuple[str, ...], openmedlm: Callable[..., Any]) -> None:
    result = openmedlm(*arguments)
    assert result.code == 0
    assert "Usage: " in result.out


def test_version_option_prints_the_version(openmedlm: Callable[..., Any]) -> None:
    result = openmedlm("--version")
    assert (result.code, result.out) == (0, f"openmedlm {version('openmedlm')}\n")


@pytest.mark.parametrize(
    ("error", "code"), [(OSError(28, "No space left on device", "out"), 2), (ValueError("odd\nvalue"), 1)]
)
def test_unexpected_error_is_one_line_without_traceback(
    error: Exception, code: int, openmedlm: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("openmedlm.report.page.read_directories", fails)
    result = openmedlm("report", "run")
    assert (result.code, result.err.count("\n")) == (code, 1)
    monkeypatch.setenv("OPENMEDLM_TRACEBACK", "1")
    monkeypatch.setattr("sys.argv", ["openmedlm", "report", "run"])
    with pytest.raises(type(error)):
        main()
