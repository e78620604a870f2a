"""Votes a second where all of them lie in the store: what a search does with a program that it has met before.

    python benchmarks/rescoring.py [--questions 2000] [--votes 5] [--rounds 5]

The product renders every prompt, finds its completion in the store, reads it and counts the votes, as for a program
that it never saw; the first time its readings are made, later ones are remembered. `dspy.Evaluate` runs the same
questions over a warm cache, one completion a question, and is asked for a tenth of them.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import calls
import endpoint
import work

from programs import PromptProgram
from programs.engine import Engine, Policy, VoteStore, find_endpoint, open_client, wait_for

OF_DSPY = 10


async def answered(url: str, program: PromptProgram, count: int, store: VoteStore) -> float:
    """Seconds for all votes on so many questions."""
    found = find_endpoint("hosted_vllm/m", url)
    async with open_client(found, 64, 60) as client:
        engine = Engine(client, found, store, Policy(concurrency=64, all_votes=True))
        questions = work.questions(count)
        began = time.perf_counter()
        outcomes = await engine.run(program, questions)
        assert all(len(outcome.votes) == program.votes for outcome in outcomes)
        return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=2_000)
    parser.add_argument("--votes", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    votes = options.questions * options.votes
    with endpoint.running() as url, tempfile.TemporaryDirectory() as folder:
        with VoteStore(Path(folder) / "votes.sqlite") as store:
            for shuffle in (False, True):
                program = work.program(options.votes, temperature=0.8, shuffle=shuffle)
                wait_for(answered(url, program, options.questions, store))
                taken = [wait_for(answered(url, program, options.questions, store)) for _ in range(options.rounds)]
                rate = votes / statistics.median(taken)
                name = "shuffled" if shuffle else "one prompt"
                print(f"{name:<12} {rate:>9,.0f} votes/s, slowest {votes / max(taken):,.0f}", flush=True)
        evaluate = calls.dspy(url, work.questions(options.questions // OF_DSPY), 16, cache=True)
        evaluate()
        taken = []
        for _ in range(options.rounds):
            began = time.perf_counter()
            evaluate()
            taken.append(time.perf_counter() - began)
        theirs = options.questions // OF_DSPY / statistics.median(taken)
        print(f"{'dspy.Evaluate':<12} {theirs:>9,.0f} completions/s; the product {rate / theirs:,.0f}x", flush=True)


if __name__ == "__main__":
    main()
