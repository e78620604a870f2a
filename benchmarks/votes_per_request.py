"""Number of requests of an ensemble without shuffled options, with and without an endpoint that supports `n`.

python benchmarks/votes_per_request.py [--questions 500] [--votes 5]
"""

import argparse
import tempfile
import urllib.request
from pathlib import Path

import endpoint
import orjson
import work

from openmedlm.inference import CompletionCache, Engine, Policy, find_endpoint, open_client, wait_for


async def count_votes(url: str, questions: int, votes: int, store: CompletionCache) -> int:
    """Request every vote, and return the number of votes."""
    target = find_endpoint("hosted_vllm/m", url)
    async with open_client(target, 64, 60) as client:
        engine = Engine(client, target, store, Policy(concurrency=64, all_votes=True))
        outcomes = await engine.run(work.program(votes, temperature=0.8), work.questions(questions))
        return sum(len(outcome.votes) for outcome in outcomes if outcome.error is None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--votes", type=int, default=5)
    options = parser.parse_args()
    for choices in (True, False):
        with endpoint.running(choices=choices) as url, tempfile.TemporaryDirectory() as folder:
            with CompletionCache(Path(folder) / "votes.sqlite") as store:
                votes = wait_for(count_votes(url, options.questions, options.votes, store))
            with urllib.request.urlopen(f"{url}/calls") as answer:
                requests = orjson.loads(answer.read())["requests"]
        kind = "with n" if choices else "without n"
        print(f"endpoint {kind:<9} {votes:,} votes, {requests:,} requests, {votes / requests:.2f} votes per request")


if __name__ == "__main__":
    main()
