"""A run in a storm of faults, and a soak: what is lost, and what grows.

    python tests/faults/storm.py [--questions 2000] [--votes 5] [--share 0.3] [--minutes 0]

Faults of every kind, mixed, in that share of the attempts (`tests/support/faulty_server.py`). Runs follow one another
for so many minutes, one at least, each over a store of its own and other questions; the memory and the open files of
the process are looked at after each. At the end every question has to be answered as without faults, or named with its
cause, no vote answered twice, and no more than two attempts made for a call.
"""

import argparse
import gc
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import test_faults as faults
from faulty_server import Call, FaultyServer

from openmedlm.inference import caching_client

ATTEMPTS = 12


def resident() -> float:
    """MiB of memory that the process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def steady(call: Call) -> str | None:
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=2_000)
    parser.add_argument("--votes", type=int, default=5)
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--minutes", type=float, default=0)
    options = parser.parse_args()
    caching_client.LONGEST_WAIT = 1.0
    program = faults.program(options.votes)
    began, runs = time.monotonic(), 0
    told: Counter[str] = Counter()
    memory: list[float] = []
    files: list[int] = []
    stormy: Callable[[Call], str | None] = faults.some(options.share)
    with FaultyServer() as server:
        while not runs or time.monotonic() - began < 60 * options.minutes:
            asked = faults.questions(options.questions, f"run {runs}")
            with tempfile.TemporaryDirectory() as folder:
                for table in (server.attempts, server.answered, server.seen):
                    table.clear()
                server.fault = stormy
                outcomes = faults.run(server, Path(folder) / "stormy.sqlite", asked, program, attempts=ATTEMPTS)
                calls, attempts = len(server.attempts), sum(server.attempts.values())
                assert attempts <= 2 * calls, f"{attempts} attempts for {calls} calls"
                assert set(server.answered.values()) == {1}, "a vote was answered twice"
                kinds = len(server.seen)
                unanswered = [outcome for outcome in outcomes if outcome.error is not None]
                if not options.minutes:
                    server.fault = steady
                    whole = faults.run(server, Path(folder) / "whole.sqlite", asked, program, attempts=ATTEMPTS)
                    same = sum(one == other for one, other in zip(outcomes, whole, strict=True))
                    assert same + len(unanswered) == len(asked), "an answer differs from the one without faults"
                assert len(outcomes) == len(asked)
                told.update(calls=calls, attempts=attempts, unanswered=len(unanswered), questions=len(asked))
            del outcomes
            gc.collect()
            runs += 1
            memory.append(resident())
            files.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208
            if runs % 10 == 1:
                print(f"{time.monotonic() - began:6.0f} s  {memory[-1]:6.0f} MiB  {files[-1]} files", flush=True)
    seconds = time.monotonic() - began
    print(
        f"{runs} runs, {kinds} kinds of fault, {told['questions']:,} questions, {told['calls']:,} calls, "
        f"{told['attempts']:,} attempts, {told['unanswered']} named in errors, none answered twice; "
        f"{told['calls'] / seconds:,.0f} calls/s for {seconds / 60:.1f} min"
    )
    print(
        f"memory {memory[0]:.0f} MiB after the first run, {max(memory):.0f} at most, {memory[-1]:.0f} at the end; "
        f"open files {files[0]}, {max(files)}, {files[-1]}"
    )


if __name__ == "__main__":
    main()
