"""Memory and time of `evaluate` by the number of questions, five votes each.

    python benchmarks/scale.py [--questions 1000 20000 200000] [--votes 5]

Each size runs in a process of its own, against an endpoint that answers at once, with everything that the command does
once it has read its questions: exemplars chosen, votes bought and stored, outcomes summarised, the run written. Its
start is what it takes with the questions in memory, after a run over fifty.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import endpoint
import work

from openmedlm.data import Question


def alone(url: str, count: int, votes: int) -> None:
    """One size, in this process; prints seconds, the peak of memory, that before, and that of the questions, in MiB."""
    from openmedlm.inference import Policy, find_endpoint
    from openmedlm.runs.call_settings import CallSettings
    from openmedlm.runs.execute import execute
    from openmedlm.runs.plan import Plan
    from openmedlm.runs.save import save_run
    from openmedlm.terminal.progress import Progress

    def mebibytes() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    def evaluate(questions: Sequence[Question]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            plan = Plan(
                calls=CallSettings(
                    find_endpoint("hosted_vllm/m", url),
                    Policy(concurrency=64, all_votes=True),
                    timeout=60,
                    store=Path(folder) / "votes.sqlite",
                ),
                programs={"ensemble": work.program(votes, temperature=0.8, shuffle=True)},
                skipped={},
                questions=questions,
                benchmark="made",
                split="dev",
                source="made",
            )
            save_run(Path(folder) / "run", plan, execute(plan, Progress(shown=False), keep_prompts=True))

    evaluate(work.questions(50))
    without = mebibytes()
    questions = work.questions(count)
    before, began = mebibytes(), time.perf_counter()
    evaluate(questions)
    print(time.perf_counter() - began, mebibytes(), before, before - without)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, nargs="+", default=[1_000, 20_000, 200_000])
    parser.add_argument("--votes", type=int, default=5)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.url:
        alone(options.url, options.questions[0], options.votes)
        return
    print(f"{'questions':>9} {'ms a question':>14} {'peak MiB':>9} {'above its start':>16} {'questions, MiB':>15}")
    with endpoint.running() as url:
        for count in options.questions:
            asked = ["--url", url, "--questions", str(count), "--votes", str(options.votes)]
            ended = subprocess.run([sys.executable, __file__, *asked], capture_output=True, text=True, check=True)
            seconds, peak, before, asked_for = map(float, ended.stdout.split())
            each = f"{1000 * seconds / count:>14.2f} {peak:>9,.0f} {peak - before:>16,.0f} {asked_for:>15,.0f}"
            print(f"{count:>9,} {each}", flush=True)


if __name__ == "__main__":
    main()
