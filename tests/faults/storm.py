"""Stress test: runs against an endpoint with random faults, with memory and open files measured.

    python tests/faults/storm.py [--questions 2000] [--votes 5] [--share 0.3] [--minutes 0]

A share of the attempts fails, with faults of every kind (`tests/support/faulty_server.py`). Runs repeat for the given
minutes, at least once, each with a new cache and new questions; memory and open files are measured after each. Every
question must be answered as without faults, or report an error. No vote may be answered twice, and there may be at most
two attempts per call.
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

from openmedlm.inference import retry

MAX_RETRIES = 11


def resident_mib() -> float:
    """Return the resident memory of the process in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def no_fault(call: Call) -> str | None:
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=2_000)
    parser.add_argument("--votes", type=int, default=5)
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--minutes", type=float, default=0)
    options = parser.parse_args()
    retry.MAX_WAIT_SECONDS = 1.0
    program = faults.make_program(options.votes)
    began, runs = time.monotonic(), 0
    totals: Counter[str] = Counter()
    memory: list[float] = []
    files: list[int] = []
    random_fault: Callable[[Call], str | None] = faults.random_faults(options.share)
    with FaultyServer() as server:
        while not runs or time.monotonic() - began < 60 * options.minutes:
            questions = faults.make_questions(options.questions, f"run {runs}")
            with tempfile.TemporaryDirectory() as folder:
                for table in (server.attempts, server.answered, server.faults):
                    table.clear()
                server.fault = random_fault
                outcomes = faults.run(
                    server, Path(folder) / "faulty.sqlite", questions, program, max_retries=MAX_RETRIES
                )
                calls, attempts = len(server.attempts), sum(server.attempts.values())
                assert attempts <= 2 * calls, f"{attempts} attempts for {calls} calls"
                assert set(server.answered.values()) == {1}, "a vote was answered twice"
                kinds = len(server.faults)
                unanswered = [outcome for outcome in outcomes if outcome.error is not None]
                if not options.minutes:
                    server.fault = no_fault
                    expected = faults.run(
                        server, Path(folder) / "expected.sqlite", questions, program, max_retries=MAX_RETRIES
                    )
                    same = sum(one == other for one, other in zip(outcomes, expected, strict=True))
                    assert same + len(unanswered) == len(questions), "an answer differs from the one without faults"
                assert len(outcomes) == len(questions)
                totals.update(calls=calls, attempts=attempts, unanswered=len(unanswered), questions=len(questions))
            del outcomes
            gc.collect()
            runs += 1
            memory.append(resident_mib())
            files.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208
            if runs % 10 == 1:
                print(f"{time.monotonic() - began:6.0f} s  {memory[-1]:6.0f} MiB  {files[-1]} files", flush=True)
    seconds = time.monotonic() - began
    print(
        f"{runs} runs, {kinds} kinds of fault, {totals['questions']:,} questions, {totals['calls']:,} calls, "
        f"{totals['attempts']:,} attempts, {totals['unanswered']} errors, no vote answered twice; "
        f"{totals['calls'] / seconds:,.0f} calls/s for {seconds / 60:.1f} min"
    )
    print(
        f"memory {memory[0]:.0f} MiB after the first run, maximum {max(memory):.0f}, {memory[-1]:.0f} at the end; "
        f"open files {files[0]}, {max(files)}, {files[-1]}"
    )


if __name__ == "__main__":
    main()
