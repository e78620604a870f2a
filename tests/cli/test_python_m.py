import subprocess
import sys


def test_python_m_openmedlm_runs_the_command_line() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "openmedlm", "nonsense"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "nonsense" in result.stderr
