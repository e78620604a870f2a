"""Votes per second if all completions are cached, as in a search that tries a known program again.

    python benchmarks/rescoring.py [--questions 2000] [--votes 5] [--rounds 5]

    from the cache  a program that is new to the process: each prompt is rendered, keyed, looked up and parsed
    from the study  a trial whose requests an earlier trial sent: letters and costs in the study are counted again

`dspy.Evaluate` runs a tenth of the same questions over a warm cache, with one completion per question.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import calls
import endpoint
import work

from openmedlm.data import Question
from openmedlm.inference import CompletionCache, Engine, Policy, find_endpoint, open_client, wait_for
from openmedlm.metrics import Outcome
from openmedlm.optimizers.search.trial_answers import UNPRICED, QuestionVotes, TrialAnswers, to_question_votes
from openmedlm.programs import PromptProgram

DSPY_DIVISOR = 10
"""Divisor of the number of questions for dspy.Evaluate."""


async def answered(
    url: str, program: PromptProgram, questions: list[Question], store: CompletionCache
) -> tuple[float, Sequence[Outcome]]:
    """Return the seconds for all votes of the questions, and the outcomes."""
    target = find_endpoint("hosted_vllm/m", url)
    async with open_client(target, 64, 60) as client:
        engine = Engine(client, target, store, Policy(concurrency=64, all_votes=True))
        started = time.perf_counter()
        outcomes = await engine.run(program, questions)
        assert all(len(outcome.votes) == program.votes for outcome in outcomes)
        return time.perf_counter() - started, outcomes


def counted(rows: Sequence[QuestionVotes], golds: str, votes: int) -> float:
    """Return the seconds to score the votes of a study's questions and sum their cost."""
    started = time.perf_counter()
    trial_answers = TrialAnswers(tuple(rows), golds, votes)
    assert 0 < trial_answers.accuracy() < 1
    assert trial_answers.cost(UNPRICED) > 0
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=2_000)
    parser.add_argument("--votes", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    votes = options.questions * options.votes
    questions = work.questions(options.questions)
    rates: dict[str, float] = {}
    with endpoint.running() as url, tempfile.TemporaryDirectory() as folder:
        with CompletionCache(Path(folder) / "votes.sqlite") as store:
            for shuffle in (False, True):
                program = work.program(options.votes, temperature=0.8, shuffle=shuffle)
                _, outcomes = wait_for(answered(url, program, questions, store))
                kind = "shuffled" if shuffle else "one prompt"
                seconds = [wait_for(answered(url, program, questions, store))[0] for _ in range(options.rounds)]
                rates[f"from the cache, {kind}"] = votes / statistics.median(seconds)
        rows, golds = (
            [to_question_votes(outcome) for outcome in outcomes],
            "".join(question.answer for question in questions),
        )
        seconds = [counted(rows, golds, options.votes) for _ in range(options.rounds)]
        rates["from the study"] = votes / statistics.median(seconds)
        evaluate = calls.dspy(url, work.questions(options.questions // DSPY_DIVISOR), 16, cache=True)
        evaluate()
        seconds = []
        for _ in range(options.rounds):
            started = time.perf_counter()
            evaluate()
            seconds.append(time.perf_counter() - started)
        theirs = options.questions // DSPY_DIVISOR / statistics.median(seconds)
        print(f"{'dspy.Evaluate, warm cache':<26} {theirs:>9,.0f} completions/s")
        for name, rate in rates.items():
            print(f"{name:<26} {rate:>9,.0f} votes/s, {rate / theirs:,.0f} times as many")


if __name__ == "__main__":
    main()
