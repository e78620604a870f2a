"""The commands as a whole."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from openmedlm.cli.main import COMMANDS, main

HEAVY = ("data", "programs", "metrics", "dspy", "litellm", "numpy", "rich", "orjson", "pydantic")


def test_the_list_of_commands_loads_none_of_them() -> None:
    code = (
        "import sys; from openmedlm.cli.main import commands; commands().main(['--help'], standalone_mode=False);"
        f"print(sorted(set({HEAVY}) & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.endswith("[]\n")
    assert all(f"  {name} " in ended.stdout for name in COMMANDS)
    assert "..." not in ended.stdout.partition("Options:")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_tells_what_it_takes(name: str, openmedlm: Callable) -> None:
    ended = openmedlm(name, "--help")
    assert ended.code == 0
    assert f"openmedlm {name}" in ended.out


@pytest.mark.parametrize("package", [False, True])
def test_a_folder_of_the_users_is_not_taken_for_one_of_ours(package: bool, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    if package:
        (tmp_path / "data" / "__init__.py").touch()
    command = (sys.executable, "-m", "openmedlm", "data", "list", "--data-dir", "sample", "--json")
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_command_that_there_is_not_is_told_with_the_nearest(openmedlm: Callable) -> None:
    ended = openmedlm("scroe")
    assert ended.code == 2
    assert "Did you mean 'score'?" in ended.err


def test_a_reader_that_has_seen_enough_ends_a_command_in_silence() -> None:
    command = f"{sys.executable} -m openmedlm data list --data-dir sample --json | head -c 1"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("{", "")


def test_a_vote_store_that_fails_on_the_way_is_one_line_and_no_fault(
    openmedlm: Callable, hosted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("openmedlm.cli.run_strategies.execute", fails)
    ended = openmedlm("evaluate", "zero-shot", *hosted)
    assert ended.code == 2
    assert ended.err.startswith("openmedlm: completion cache: disk I/O error. ")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("seed", ["-1", str(2**63)])
def test_a_seed_that_can_not_be_kept_is_refused_before_anything_is_spent(openmedlm: Callable, seed: str) -> None:
    ended = openmedlm("evaluate", "zero-shot", "-b", "mmlu", "-m", "hosted_vllm/small", "--seed", seed)
    assert ended.code == 2
    assert "'--seed'" in ended.err


def test_a_word_too_many_is_told_without_what_a_terminal_would_obey(openmedlm: Callable) -> None:
    ended = openmedlm("data", "list", "\u202ename")
    assert ended.code == 2
    assert "name" in ended.err
    assert "\u202e" not in ended.err


def test_a_configuration_too_deep_to_read_is_one_line(openmedlm: Callable, tmp_path: Path) -> None:
    (tmp_path / "deep.yaml").write_text("[" * 10_000)
    ended = openmedlm("data", "list", "--config", "deep.yaml")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "deep.yaml: not YAML" in ended.err


def test_an_env_file_that_is_no_text_is_one_clear_line(openmedlm: Callable[..., Any]) -> None:
    Path(".env").write_bytes(b"KEY=\xff\n")
    ended = openmedlm("data", "list")
    assert (ended.code, ended.err) == (2, "openmedlm: .env: not UTF-8; save it as UTF-8\n")


def test_bare_command_prints_the_help_page(openmedlm: Callable[..., Any]) -> None:
    ended = openmedlm()
    assert ended.code == 2
    assert "\nRun:\n" in ended.err
    assert ended.err.count("\n") > len(COMMANDS)


@pytest.mark.parametrize("arguments", [("-h",), ("verify", "-h")])
def test_short_help_option_is_accepted(arguments: tuple[str, ...], openmedlm: Callable[..., Any]) -> None:
    ended = openmedlm(*arguments)
    assert ended.code == 0
    assert "Usage: " in ended.out


def test_version_option_prints_the_version(openmedlm: Callable[..., Any]) -> None:
    ended = openmedlm("--version")
    assert (ended.code, ended.out) == (0, f"openmedlm {version('openmedlm')}\n")


@pytest.mark.parametrize(
    ("error", "code"), [(OSError(28, "No space left on device", "out"), 2), (ValueError("odd\nvalue"), 1)]
)
def test_unexpected_error_is_one_line_without_traceback(
    error: Exception, code: int, openmedlm: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("openmedlm.report.page.read_directories", fails)
    ended = openmedlm("report", "run")
    assert (ended.code, ended.err.count("\n")) == (code, 1)
    monkeypatch.setenv("OPENMEDLM_TRACEBACK", "1")
    monkeypatch.setattr("sys.argv", ["openmedlm", "report", "run"])
    with pytest.raises(type(error)):
        main()
