import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_python_m_openmedlm_runs_the_command_line() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "openmedlm", "nonsense"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "nonsense" in result.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_output_escapes_what_the_encoding_lacks(encoding: str, tmp_path: Path) -> None:
    question = {"id": "q", "question": "Which β blocker?", "options": {"A": "x", "B": "y"}, "answer": "A"}
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "dev.jsonl").write_text(json.dumps(question))
    command = (sys.executable, "-m", "openmedlm", "data", "show", "-b", "own", "--data-dir", str(tmp_path))
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    shown, as_json = (
        subprocess.run([*command, *option], capture_output=True, env=environment, check=True).stdout
        for option in ((), ("--json",))
    )
    assert b"Which \\u03b2 blocker?" in shown
    assert json.loads(as_json)["question"] == "Which β blocker?"
