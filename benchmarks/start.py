"""How long a cold process takes to be of use: a frozen program's first prompt, and the list of commands.

    python benchmarks/start.py [--rounds 7]

Each is timed as a whole process, beside what it is held against, in turns: a frozen program that is loaded, every
checksum of it looked at, and its first prompt rendered, beside `import dspy`, which a saved DSPy program needs first;
and `openmedlm --help` beside `python -c pass`.
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
program = load_program(Path({place!r})).program
question = load_split("medqa", "test", "sample")[0]
(chosen,) = program.exemplars.choose([question])
assert program.render(question, chosen.exemplars)
"""


def seconds(command: list[str]) -> float:
    """Wall-clock time of a process."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "program"
        facts = ProgramMetadata(model="none", benchmark="medqa", pool=None, dev=None)
        freeze_program(work.program(), place, facts, work.questions(3))
        python = sys.executable
        pairs = {
            "a frozen program's first prompt": (
                [python, "-c", FIRST_PROMPT.format(place=str(place))],
                [python, "-c", "import dspy"],
            ),
            "openmedlm --help": ([str(Path(python).with_name("openmedlm")), "--help"], [python, "-c", "pass"]),
        }
        for name, (ours, theirs) in pairs.items():
            for command in (ours, theirs):
                seconds(command)  # files into the system's cache
            taken = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
            own, other = (statistics.median(side) for side in zip(*taken, strict=True))
            ratio = statistics.median(a / b for a, b in taken)
            print(f"{name}: {1000 * own:.0f} ms, beside {' '.join(theirs[1:])}: {1000 * other:.0f} ms, {ratio:.2f}x")


if __name__ == "__main__":
    main()
