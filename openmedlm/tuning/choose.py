"""Choice of a study's winner."""

from collections.abc import Sequence
from dataclasses import dataclass

import optuna

from openmedlm.inference import BudgetExceeded
from openmedlm.metrics import Summary, summarise
from openmedlm.optimizers.search import finalists
from openmedlm.optimizers.search.defaults import TIE_ALPHA
from openmedlm.optimizers.search.finalists import Candidate
from openmedlm.optimizers.search.trial_answers import TrialAnswers
from openmedlm.optimizers.search.trial_attrs import has_trial_config, read_trial_answers, read_trial_config
from openmedlm.optimizers.search.trial_config import TrialConfig
from openmedlm.tuning.evaluator import EngineEvaluator, RecordingEvaluator
from openmedlm.tuning.plan import TuningPlan
from openmedlm.tuning.progress import TrialProgress


@dataclass(frozen=True)
class Choice:
    """Winner of a study, and the programs that it was chosen among.

    Attributes:
        winner: The program, with its answers to the holdout set if the budget reached them.
        zero_shot: Configuration of the baseline.
        tied: Number of programs that tied with the best, the cheapest of which won; 0 if none was evaluated.
        front: Programs of the Pareto front, cheapest first, each with its holdout summary; empty for one objective.
        baseline: Answers of the baseline to the holdout set; None if the budget did not reach them.
        holdout: Summary of the winner on the holdout set.
        complete: True if every finalist was evaluated.
    """

    winner: Candidate
    zero_shot: TrialConfig
    tied: int = 0
    front: Sequence[tuple[Candidate, Summary]] = ()
    baseline: TrialAnswers | None = None
    holdout: Summary | None = None
    complete: bool = False


def choose(plan: TuningPlan, study: optuna.Study, evaluator: EngineEvaluator, progress: TrialProgress) -> Choice:
    """Evaluate the most promising programs and the baseline on the holdout set, and choose the winner.

    If the budget ends first, the choice is among the programs that were evaluated. If none was, the winner is the best
    on the search set, or the baseline.
    """
    search, golds = plan.search, plan.search_set.golds
    zero_shot = search.baseline
    programs = finalists.candidates(study, golds) or _partly_evaluated(study, golds)
    if not programs:
        return Choice(Candidate(zero_shot, zero_shot, TrialAnswers((), "", 1)), zero_shot)
    chosen = finalists.finalists(programs, search.objective, search.prices, search.alpha, zero_shot)
    progress.on_finalists(chosen)
    alpha = search.alpha if search.objective == "accuracy" and search.pruner != "none" else None
    recording = RecordingEvaluator(evaluator)
    evaluated: list[Candidate] = []
    baseline = None
    complete = False
    try:
        baseline = TrialAnswers(tuple(recording.evaluate(zero_shot, plan.holdout.questions)), plan.holdout.golds, 1)
        for candidate in finalists.evaluate(chosen, plan.holdout, recording, alpha):
            evaluated.append(candidate)
        complete = True
    except BudgetExceeded:
        pass
    if not evaluated:
        return Choice(chosen[0], zero_shot, baseline=baseline)
    best = finalists.winner(evaluated, search.objective, search.prices)
    dev = finalists.correct_on_dev
    tie = [best] if search.objective == "cost" else finalists.tied(evaluated, dev, TIE_ALPHA)
    front = finalists.pareto_front(evaluated, dev, search.prices) if search.objective == "both" else ()
    scored = [(candidate, _summarise(plan, candidate, recording)) for candidate in front]
    return Choice(best, zero_shot, len(tie), scored, baseline, _summarise(plan, best, recording), complete)


def _partly_evaluated(study: optuna.Study, golds: str) -> list[Candidate]:
    """Return the trials that answered the most questions, for a budget that ended before any trial was complete."""
    trials = [trial for trial in study.get_trials(deepcopy=False) if has_trial_config(trial)]
    answered = {read_trial_config(trial): read_trial_answers(trial, golds) for trial in trials}
    most = max(map(len, answered.values()), default=0)
    longest = {
        configuration.with_size(answers.votes): answers
        for configuration, answers in answered.items()
        if len(answers) == most > 0
    }
    return [Candidate(configuration, configuration, answers) for configuration, answers in longest.items()]


def _summarise(plan: TuningPlan, best: Candidate, recording: RecordingEvaluator) -> Summary:
    assert best.holdout_answers is not None, "evaluated on the holdout set"
    source = best.source.with_size(best.holdout_answers.votes)
    return summarise(recording.outcomes(source, best.size, plan.holdout.questions), 0.0)
