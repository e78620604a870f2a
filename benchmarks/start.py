"""Start time of a cold process: a frozen program's first prompt, and the list of commands.

    python benchmarks/start.py [--rounds 7]

Each command is timed as a whole process, and takes turns with its comparison. Loading a frozen program, checking every
checksum and rendering the first prompt is compared with `import dspy`, which a saved DSPy program needs first.
`openmedlm --help` is compared with `python -c pass`.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import work

from openmedlm.programs.frozen import ProgramMetadata, freeze_program

FIRST_PROMPT = """
from pathlib import Path
from openmedlm.data import load_split
from openmedlm.programs.frozen import load_program
program = load_program(Path({directory!r})).program
question = load_split("medqa", "test", "sample")[0]
(chosen,) = program.exemplars.choose([question])
assert program.render(question, chosen.exemplars)
"""


def seconds(command: list[str]) -> float:
    """Return the wall-clock time of a process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "program"
        metadata = ProgramMetadata(model="none", benchmark="medqa", pool=None, dev=None)
        freeze_program(work.program(), directory, metadata, work.questions(3))
        python = sys.executable
        pairs = {
            "first prompt of a frozen program": (
                [python, "-c", FIRST_PROMPT.format(directory=str(directory))],
                [python, "-c", "import dspy"],
            ),
            "openmedlm --help": ([str(Path(python).with_name("openmedlm")), "--help"], [python, "-c", "pass"]),
        }
        for name, (ours, theirs) in pairs.items():
            for command in (ours, theirs):
                seconds(command)  # fills the system's file cache
            timings = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
            own, other = (statistics.median(side) for side in zip(*timings, strict=True))
            ratio = statistics.median(a / b for a, b in timings)
            print(f"{name}: {1000 * own:.0f} ms; {' '.join(theirs[1:])}: {1000 * other:.0f} ms; ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
