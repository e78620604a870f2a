"""Votes a second where all of them lie in the store: what a search does with a program that it has met before.

    python benchmarks/rescoring.py [--questions 2000] [--votes 5] [--rounds 5]

Twice: `from the store`, as a program does that this process never saw, so that every prompt is rendered and keyed, its
completion found, read and counted; and `from the study`, as a trial does that meets what an earlier one asked: the
letters stand in the study, and are counted anew, with what the votes cost. `dspy.Evaluate` runs the same questions over
a warm cache, one completion a question, and is asked for a tenth of them.
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

OF_DSPY = 10


async def answered(
    url: str, program: PromptProgram, questions: list[Question], store: CompletionCache
) -> tuple[float, Sequence[Outcome]]:
    """Seconds for all votes on the questions, and what they came to."""
    found = find_endpoint("hosted_vllm/m", url)
    async with open_client(found, 64, 60) as client:
        engine = Engine(client, found, store, Policy(concurrency=64, all_votes=True))
        began = time.perf_counter()
        outcomes = await engine.run(program, questions)
        assert all(len(outcome.votes) == program.votes for outcome in outcomes)
        return time.perf_counter() - began, outcomes


def counted(rows: Sequence[QuestionVotes], golds: str, votes: int) -> float:
    """Seconds to score the votes of a study's questions, and to tell what they cost."""
    began = time.perf_counter()
    trial_answers = TrialAnswers(tuple(rows), golds, votes)
    assert 0 < trial_answers.accuracy() < 1
    assert trial_answers.cost(UNPRICED) > 0
    return time.perf_counter() - began


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
                taken = [wait_for(answered(url, program, questions, store))[0] for _ in range(options.rounds)]
                rates[f"from the store, {kind}"] = votes / statistics.median(taken)
        rows, golds = (
            [to_question_votes(outcome) for outcome in outcomes],
            "".join(question.answer for question in questions),
        )
        taken = [counted(rows, golds, options.votes) for _ in range(options.rounds)]
        rates["from the study"] = votes / statistics.median(taken)
        evaluate = calls.dspy(url, work.questions(options.questions // OF_DSPY), 16, cache=True)
        evaluate()
        taken = []
        for _ in range(options.rounds):
            began = time.perf_counter()
            evaluate()
            taken.append(time.perf_counter() - began)
        theirs = options.questions // OF_DSPY / statistics.median(taken)
        print(f"{'dspy.Evaluate, warm cache':<26} {theirs:>9,.0f} completions/s")
        for name, rate in rates.items():
            print(f"{name:<26} {rate:>9,.0f} votes/s, {rate / theirs:,.0f}x")


if __name__ == "__main__":
    main()
