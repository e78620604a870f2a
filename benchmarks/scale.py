"""Memory and time of `evaluate` by number of questions, with five votes each.

    python benchmarks/scale.py [--questions 1000 20000 200000] [--votes 5]

Each size runs in its own process, against an endpoint without latency. It does everything that the command does after
it has loaded its questions: choose exemplars, request and cache votes, summarise outcomes, write the run. The start
value is the peak memory after a run of fifty questions, with all questions loaded.
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
    """Run one size in this process; print seconds, and in MiB peak memory, peak before the run, and questions."""
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
    warm = mebibytes()
    questions = work.questions(count)
    before, started = mebibytes(), time.perf_counter()
    evaluate(questions)
    print(time.perf_counter() - started, mebibytes(), before, before - warm)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, nargs="+", default=[1_000, 20_000, 200_000])
    parser.add_argument("--votes", type=int, default=5)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.url:
        alone(options.url, options.questions[0], options.votes)
        return
    print(f"{'questions':>9} {'ms/question':>14} {'peak MiB':>9} {'above start MiB':>16} {'questions MiB':>15}")
    with endpoint.running() as url:
        for count in options.questions:
            arguments = ["--url", url, "--questions", str(count), "--votes", str(options.votes)]
            process = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
            seconds, peak, before, loaded = map(float, process.stdout.split())
            row = f"{1000 * seconds / count:>14.2f} {peak:>9,.0f} {peak - before:>16,.0f} {loaded:>15,.0f}"
            print(f"{count:>9,} {row}", flush=True)


if __name__ == "__main__":
    main()
