"""Requests that an ensemble without shuffles takes, where the endpoint gives several completions at once and where not.

python benchmarks/several.py [--questions 500] [--votes 5]
"""

import argparse
import tempfile
import urllib.request
from pathlib import Path

import endpoint
import orjson
import work

from openmedlm.inference import CompletionCache, Engine, Policy, find_endpoint, open_client, wait_for


async def api_calls(url: str, questions: int, votes: int, store: CompletionCache) -> int:
    """Buys every vote; returns how many there are."""
    found = find_endpoint("hosted_vllm/m", url)
    async with open_client(found, 64, 60) as client:
        engine = Engine(client, found, store, Policy(concurrency=64, all_votes=True))
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
                votes = wait_for(api_calls(url, options.questions, options.votes, store))
            with urllib.request.urlopen(f"{url}/calls") as answer:
                requests = orjson.loads(answer.read())["requests"]
        kind = "several at once" if choices else "one at a time"
        print(f"endpoint gives {kind:<16} {votes:,} votes, {requests:,} requests, {votes / requests:.2f} votes each")


if __name__ == "__main__":
    main()
