"""From a study to its winner: the cheapest of those that are as good as the best, judged on new questions too."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import optuna

from openmedlm.metrics import mcnemar, paired_counts
from openmedlm.optimizers.search.defaults import ALPHA, FINALISTS, TIE
from openmedlm.optimizers.search.eval_schedule import EvalSchedule
from openmedlm.optimizers.search.racing_pruner import is_worse
from openmedlm.optimizers.search.study import Evaluator, Objective
from openmedlm.optimizers.search.trial_answers import TokenPrices, TrialAnswers
from openmedlm.optimizers.search.trial_attrs import finished, read_trial_answers, read_trial_config
from openmedlm.optimizers.search.trial_config import TrialConfig


@dataclass(frozen=True)
class Candidate:
    """A program that could win.

    Attributes:
        configuration: with its ensemble's size.
        source: the finished trial's, of which it is the first votes.
        tune: the source's answers to the questions that ranked it.
        select: the source's answers to the questions that choose; None before they were asked.
    """

    configuration: TrialConfig
    source: TrialConfig
    tune: TrialAnswers
    select: TrialAnswers | None = None

    @property
    def size(self) -> int:
        """The ensemble's size."""
        return self.configuration.votes

    def cost(self, rates: TokenPrices) -> float:
        """Of a question, in the rates' unit."""
        return self.tune.cost(rates, self.size)


def candidates(study: optuna.Study, golds: str) -> list[Candidate]:
    """Every program whose answers to all the questions that rank are known.

    These are the finished trials, each at every size of its ensemble: its first votes are those of the smaller ones. A
    size that buys no vote more than the one below it is the same program, and left out: two votes are one, since a tie
    goes to the first.

    Args:
        study: searched by `openmedlm.optimizers.search.study`.
        golds: the right letters, in the study's order of questions.
    """
    largest_first = sorted(finished(study), key=lambda trial: (-read_trial_config(trial).votes, trial.number))
    found: dict[TrialConfig, Candidate] = {}
    for trial in largest_first:
        source, trial_answers = read_trial_config(trial), read_trial_answers(trial, golds)
        for votes in range(1, source.votes + 1):
            if votes > 1 and trial_answers.votes_requested(votes) == trial_answers.votes_requested(votes - 1):
                continue
            configuration = source.sized(votes)
            found.setdefault(configuration, Candidate(configuration, source, trial_answers))
    return list(found.values())


Flags = Callable[[Candidate], list[bool]]
"""Which questions a candidate answers right."""


def on_tune(candidate: Candidate) -> list[bool]:
    """Of the questions that rank."""
    return candidate.tune.correct(candidate.size)


def on_select(candidate: Candidate) -> list[bool]:
    """Of the questions that choose."""
    assert candidate.select is not None, "not asked yet"
    return candidate.select.correct(candidate.size)


def on_dev(candidate: Candidate) -> list[bool]:
    """Of both."""
    return on_tune(candidate) + on_select(candidate)


def tied(found: Sequence[Candidate], flags: Flags, alpha: float) -> list[Candidate]:
    """The candidates that are not behind the best by a one-sided exact McNemar test, the best among them."""
    right = {candidate.configuration: flags(candidate) for candidate in found}
    best = max(right.values(), key=sum)
    return [c for c in found if mcnemar(paired_counts(right[c.configuration], best), "less") >= alpha]


def front(found: Sequence[Candidate], flags: Flags, rates: TokenPrices) -> list[Candidate]:
    """The candidates to which no other is both as cheap and as accurate: the Pareto front, cheapest first."""
    ranked = sorted(found, key=lambda c: (c.cost(rates), -sum(flags(c)), c.configuration))
    kept: list[Candidate] = []
    for candidate in ranked:
        if not kept or sum(flags(candidate)) > sum(flags(kept[-1])):
            kept.append(candidate)
    return kept


def finalists(
    found: Sequence[Candidate],
    objective: Objective,
    rates: TokenPrices,
    alpha: float = ALPHA,
    baseline: TrialConfig | None = None,
    most: int = FINALISTS,
) -> list[Candidate]:
    """The candidates that go on to the questions that choose, the most promising first.

    For accuracy, those that are tied with the best on the questions that rank; for cost, those whose right answers are
    the cheapest; for both, the Pareto front. They come from few trials: those of the most promising, and, for accuracy,
    that of the cheapest.

    The untuned program stands before them, if it is named and was found: what it answers is asked in any case, and what
    costs more has to be better than it.
    """
    if objective == "accuracy":
        level = tied(found, on_tune, alpha)
        ranked = sorted(level, key=lambda c: (-sum(on_tune(c)), c.cost(rates), c.configuration))
        cheapest = {min(level, key=lambda c: (c.cost(rates), c.configuration)).source}
    elif objective == "cost":
        ranked = sorted(found, key=lambda c: (_cost_of_right(c, on_tune, rates), c.configuration))
        cheapest = set()
    else:
        ranked = front(found, on_tune, rates)[::-1]
        cheapest = {ranked[-1].source}
    sources = list(dict.fromkeys(candidate.source for candidate in ranked if candidate.source not in cheapest))
    kept = {*sources[: most - len(cheapest)], *cheapest}
    return [
        *(c for c in found if c.configuration == baseline),
        *(c for c in ranked if c.source in kept and c.configuration != baseline),
    ]


def evaluate(
    chosen: Sequence[Candidate], schedule: EvalSchedule, evaluator: Evaluator, alpha: float | None = None
) -> Iterator[Candidate]:
    """The candidates with their answers to the questions that choose; those of one trial share its votes.

    Args:
        chosen: from `finalists`.
        course: the questions that choose.
        examiner: has them answered.
        alpha: level at which a trial's candidates are dropped, further questions spared, once its largest ensemble is
            behind the best so far; None drops none.

    Raises:
        BudgetExceeded: as the examiner raised it, after the candidates that were examined whole.
    """
    leader: TrialAnswers | None = None
    for source in dict.fromkeys(candidate.source for candidate in chosen):
        votes = max(candidate.size for candidate in chosen if candidate.source == source)
        trial_answers = TrialAnswers((), "", votes)
        for block in schedule.blocks():
            answers = evaluator.evaluate(source.sized(votes), block)
            trial_answers = trial_answers.extended(answers, "".join(question.answer for question in block))
            if alpha is not None and leader is not None and is_worse(trial_answers, leader, leader.votes, alpha):
                break
        else:
            if leader is None or trial_answers.accuracy() > leader.accuracy():
                leader = trial_answers
            yield from (replace(c, select=trial_answers) for c in chosen if c.source == source)


def winner(examined: Sequence[Candidate], objective: Objective, rates: TokenPrices, tie: float = TIE) -> Candidate:
    """The choice among candidates that the questions that choose were asked of.

    For accuracy, and as the one program of both: the cheapest that is not behind the best. For cost: the one whose
    right answers are the cheapest. The answers that ranked count as much as the new ones: they flatter all finalists
    alike, and half of a small dev split tells too little apart.
    """
    if objective == "cost":
        return min(examined, key=lambda c: (_cost_of_right(c, on_dev, rates), c.configuration))
    return min(tied(examined, on_dev, tie), key=lambda c: (c.cost(rates), -sum(on_dev(c)), c.configuration))


def _cost_of_right(candidate: Candidate, flags: Flags, rates: TokenPrices) -> float:
    right = flags(candidate)
    return candidate.cost(rates) * len(right) / max(sum(right), 0.5)
