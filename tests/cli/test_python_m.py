import subprocess
import sys


def test_the_package_is_the_command_line_too() -> None:
    told = subprocess.run([sys.executable, "-m", "openmedlm", "nonsense"], capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "No such command 'nonsense'" in told.stderr
