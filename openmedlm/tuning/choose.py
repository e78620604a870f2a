"""From a study to its winner."""

from collections.abc import Sequence
from dataclasses import dataclass

import optuna

from openmedlm.inference import BudgetExceeded
from openmedlm.metrics import Summary, summarise
from openmedlm.optimizers.search import finalists
from openmedlm.optimizers.search.defaults import TIE
from openmedlm.optimizers.search.finalists import Candidate
from openmedlm.optimizers.search.trial_answers import TrialAnswers
from openmedlm.optimizers.search.trial_attrs import read_trial_answers, read_trial_config
from openmedlm.tuning.evaluator import EngineEvaluator, RecordingEvaluator
from openmedlm.tuning.plan import BASELINE, TuningPlan
from openmedlm.tuning.progress import TrialProgress


@dataclass(frozen=True)
class Choice:
    """What a study chose.

    Attributes:
        winner: the program, with its answers to the questions that choose, where the budget reached them.
        tied: how many programs were as good as the best, and among which the cheapest was taken; 0 where none was
            examined.
        front: the programs of the Pareto front, cheapest first, each with what it came to, where the objective is both.
        untuned: answers of the untuned program to the questions that choose; None where the budget did not reach them.
        select: what the winner came to there.
        complete: whether every finalist was examined.
    """

    winner: Candidate
    tied: int = 0
    front: Sequence[tuple[Candidate, Summary]] = ()
    baseline: TrialAnswers | None = None
    select: Summary | None = None
    complete: bool = False


def choose(plan: TuningPlan, study: optuna.Study, evaluator: EngineEvaluator, told: TrialProgress) -> Choice:
    """Has the most promising programs, and the untuned one, answer the questions that choose.

    Where the budget ends before, the choice is made among those that were examined; where none was, it is the one that
    did best on the questions that rank, or the untuned program.
    """
    search, golds = plan.search, plan.tune.golds
    found = finalists.candidates(study, golds) or _unfinished(study, golds)
    if not found:
        return Choice(Candidate(BASELINE, BASELINE, TrialAnswers((), "", 1)))
    chosen = finalists.finalists(found, search.objective, search.rates, search.alpha, BASELINE)
    told.choosing(chosen)
    alpha = search.alpha if search.objective == "accuracy" and search.pruner != "none" else None
    keeping = RecordingEvaluator(evaluator)
    examined: list[Candidate] = []
    baseline = None
    complete = False
    try:
        baseline = TrialAnswers(tuple(keeping.evaluate(BASELINE, plan.select.questions)), plan.select.golds, 1)
        for candidate in finalists.evaluate(chosen, plan.select, keeping, alpha):
            examined.append(candidate)
        complete = True
    except BudgetExceeded:
        pass
    if not examined:
        return Choice(chosen[0], baseline=baseline)
    best = finalists.winner(examined, search.objective, search.rates)
    level = [best] if search.objective == "cost" else finalists.tied(examined, finalists.on_dev, TIE)
    front = finalists.front(examined, finalists.on_dev, search.rates) if search.objective == "both" else ()
    scored = [(candidate, _summary(plan, candidate, keeping)) for candidate in front]
    return Choice(best, len(level), scored, baseline, _summary(plan, best, keeping), complete)


def _unfinished(study: optuna.Study, golds: str) -> list[Candidate]:
    """Where the budget ended before any trial met every question: those that met the most."""
    trials = [trial for trial in study.get_trials(deepcopy=False) if "configuration" in trial.user_attrs]
    sheets = {read_trial_config(trial): read_trial_answers(trial, golds) for trial in trials}
    most = max((len(trial_answers) for trial_answers in sheets.values()), default=0)
    reached = {
        point.sized(trial_answers.votes): trial_answers
        for point, trial_answers in sheets.items()
        if len(trial_answers) == most > 0
    }
    return [Candidate(point, point, trial_answers) for point, trial_answers in reached.items()]


def _summary(plan: TuningPlan, best: Candidate, keeping: RecordingEvaluator) -> Summary:
    assert best.select is not None, "it was examined"
    source = best.source.sized(best.select.votes)
    return summarise(keeping.outcomes(source, best.size, plan.select.questions), 0.0)
