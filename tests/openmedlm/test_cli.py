"""The commands as a whole."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from openmedlm.cli import COMMANDS

HEAVY = ("data", "programs", "metrics", "dspy", "litellm", "numpy", "rich", "orjson", "pydantic")


def test_the_list_of_commands_loads_none_of_them() -> None:
    code = (
        "import sys; from openmedlm.cli import commands; commands().main(['--help'], standalone_mode=False);"
        f"print(sorted(set({HEAVY}) & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.endswith("[]\n")
    assert all(f"  {name} " in ended.stdout for name in COMMANDS)
    assert "..." not in ended.stdout.partition("Commands:")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_tells_what_it_takes(name: str, openmedlm: Callable) -> None:
    ended = openmedlm(name, "--help")
    assert ended.code == 0
    assert f"openmedlm {name}" in ended.out


def test_a_command_that_there_is_not_is_told_with_the_nearest(openmedlm: Callable) -> None:
    ended = openmedlm("scroe")
    assert ended.code == 2
    assert "Did you mean 'score'?" in ended.err


def test_a_reader_that_has_seen_enough_ends_a_command_in_silence() -> None:
    command = f"{sys.executable} -m openmedlm data list --data-dir sample --json | head -c 1"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("{", "")
