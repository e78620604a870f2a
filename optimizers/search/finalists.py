"""Choice of a study's winner: the cheapest of the programs that tie with the best, judged on new questions too."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import optuna

from openmedlm.metrics import mcnemar, paired_counts
from openmedlm.optimizers.search.defaults import MAX_FINALIST_TRIALS, PRUNING_ALPHA, TIE_ALPHA
from openmedlm.optimizers.search.eval_schedule import EvalSchedule
from openmedlm.optimizers.search.racing_pruner import is_worse
from openmedlm.optimizers.search.study import Evaluator, Objective
from openmedlm.optimizers.search.trial_answers import TokenPrices, TrialAnswers
from openmedlm.optimizers.search.trial_attrs import complete_trials, read_trial_answers, read_trial_config
from openmedlm.optimizers.search.trial_config import TrialConfig


@dataclass(frozen=True)
class Candidate:
    """A program that could win.

    Attributes:
        configuration: The program, with its ensemble size.
        source: Configuration of the complete trial whose first votes are those of the program.
        search_answers: Answers of the source to the search set.
        holdout_answers: Answers of the source to the holdout set; None before it is evaluated there.
    """

    configuration: TrialConfig
    source: TrialConfig
    search_answers: TrialAnswers
    holdout_answers: TrialAnswers | None = None

    @property
    def size(self) -> int:
        """Ensemble size."""
        return self.configuration.votes

    def cost(self, prices: TokenPrices) -> float:
        """Return the cost per question, in the unit of the prices."""
        return self.search_answers.cost(prices, self.size)


def candidates(study: optuna.Study, golds: str) -> list[Candidate]:
    """Return every program whose answers to the whole search set are known.

    These are the complete trials, each at every size of its ensemble: its first votes are those of the smaller sizes. A
    size that requests no more votes than the one below it is the same program, and is left out: two votes equal one,
    since a tie goes to the first.

    Args:
        study: A study searched by `openmedlm.optimizers.search.study`.
        golds: Gold letters, in the study's order of questions.
    """
    largest_first = sorted(complete_trials(study), key=lambda trial: (-read_trial_config(trial).votes, trial.number))
    programs: dict[TrialConfig, Candidate] = {}
    for trial in largest_first:
        source, answers = read_trial_config(trial), read_trial_answers(trial, golds)
        for votes in range(1, source.votes + 1):
            if votes > 1 and answers.votes_requested(votes) == answers.votes_requested(votes - 1):
                continue
            configuration = source.with_size(votes)
            programs.setdefault(configuration, Candidate(configuration, source, answers))
    return list(programs.values())


Correctness = Callable[[Candidate], list[bool]]
"""Function from a candidate to one flag per question: True where its answer is correct."""


def correct_on_search_set(candidate: Candidate) -> list[bool]:
    """Return one flag per question of the search set."""
    return candidate.search_answers.correct(candidate.size)


def correct_on_holdout(candidate: Candidate) -> list[bool]:
    """Return one flag per question of the holdout set."""
    assert candidate.holdout_answers is not None, "not evaluated on the holdout set"
    return candidate.holdout_answers.correct(candidate.size)


def correct_on_dev(candidate: Candidate) -> list[bool]:
    """Return one flag per question of both sets."""
    return correct_on_search_set(candidate) + correct_on_holdout(candidate)


def tied(programs: Sequence[Candidate], correctness: Correctness, alpha: float) -> list[Candidate]:
    """Return the candidates that are not worse than the best by a one-sided exact McNemar test, and the best."""
    flags = {candidate.configuration: correctness(candidate) for candidate in programs}
    best = max(flags.values(), key=sum)
    return [c for c in programs if mcnemar(paired_counts(flags[c.configuration], best), "less") >= alpha]


def pareto_front(programs: Sequence[Candidate], correctness: Correctness, prices: TokenPrices) -> list[Candidate]:
    """Return the Pareto front, cheapest first: no other candidate is both as cheap and as accurate."""
    ranked = sorted(programs, key=lambda c: (c.cost(prices), -sum(correctness(c)), c.configuration))
    kept: list[Candidate] = []
    for candidate in ranked:
        if not kept or sum(correctness(candidate)) > sum(correctness(kept[-1])):
            kept.append(candidate)
    return kept


def finalists(
    programs: Sequence[Candidate],
    objective: Objective,
    prices: TokenPrices,
    alpha: float = PRUNING_ALPHA,
    baseline: TrialConfig | None = None,
    max_trials: int = MAX_FINALIST_TRIALS,
) -> list[Candidate]:
    """Return the candidates for the holdout set, the most promising first.

    For accuracy, these are the ones that tie with the best on the search set. For cost, those with the cheapest correct
    answers. For both, the Pareto front. They come from at most `max_trials` trials: the most promising ones and, for
    accuracy, that of the cheapest candidate.

    The baseline comes first where it is given and was evaluated. It answers the holdout set in any case, and a program
    that costs more has to be better.
    """
    if objective == "accuracy":
        tie = tied(programs, correct_on_search_set, alpha)
        ranked = sorted(tie, key=lambda c: (-sum(correct_on_search_set(c)), c.cost(prices), c.configuration))
        cheapest = {min(tie, key=lambda c: (c.cost(prices), c.configuration)).source}
    elif objective == "cost":
        ranked = sorted(programs, key=lambda c: (_cost_per_correct(c, correct_on_search_set, prices), c.configuration))
        cheapest = set()
    else:
        ranked = pareto_front(programs, correct_on_search_set, prices)[::-1]
        cheapest = {ranked[-1].source}
    sources = list(dict.fromkeys(candidate.source for candidate in ranked if candidate.source not in cheapest))
    kept = {*sources[: max_trials - len(cheapest)], *cheapest}
    return [
        *(c for c in programs if c.configuration == baseline),
        *(c for c in ranked if c.source in kept and c.configuration != baseline),
    ]


def evaluate(
    chosen: Sequence[Candidate], schedule: EvalSchedule, evaluator: Evaluator, alpha: float | None = None
) -> Iterator[Candidate]:
    """Yield the candidates with their answers to the holdout set; candidates of one trial share its votes.

    Args:
        chosen: Candidates from `finalists`.
        schedule: The holdout set.
        evaluator: Answers the questions.
        alpha: Level of the test that drops the candidates of a trial, without further questions, once its largest
            ensemble is worse than the best so far. None drops none.

    Raises:
        BudgetExceeded: Raised by the evaluator, after the candidates with all answers.
    """
    leader: TrialAnswers | None = None
    for source in dict.fromkeys(candidate.source for candidate in chosen):
        votes = max(candidate.size for candidate in chosen if candidate.source == source)
        answers = TrialAnswers((), "", votes)
        for block in schedule.blocks():
            block_answers = evaluator.evaluate(source.with_size(votes), block)
            answers = answers.extended(block_answers, "".join(question.answer for question in block))
            if alpha is not None and leader is not None and is_worse(answers, leader, leader.votes, alpha):
                break
        else:
            if leader is None or answers.accuracy() > leader.accuracy():
                leader = answers
            yield from (replace(c, holdout_answers=answers) for c in chosen if c.source == source)


def winner(
    evaluated: Sequence[Candidate], objective: Objective, prices: TokenPrices, tie_alpha: float = TIE_ALPHA
) -> Candidate:
    """Return the best of the candidates that were evaluated on the holdout set.

    For accuracy, and as the one program for both objectives, this is the cheapest that ties with the best. For cost, it
    is the one with the cheapest correct answers. Answers to the search set count as much as those to the holdout set:
    their optimism is about the same for all finalists, and one half of a small dev split has too little power.
    """
    if objective == "cost":
        return min(evaluated, key=lambda c: (_cost_per_correct(c, correct_on_dev, prices), c.configuration))
    tie = tied(evaluated, correct_on_dev, tie_alpha)
    return min(tie, key=lambda c: (c.cost(prices), -sum(correct_on_dev(c)), c.configuration))


def _cost_per_correct(candidate: Candidate, correctness: Correctness, prices: TokenPrices) -> float:
    flags = correctness(candidate)
    return candidate.cost(prices) * len(flags) / max(sum(flags), 0.5)
