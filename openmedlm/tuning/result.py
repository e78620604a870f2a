"""What a study came to, and how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import TrialState

from openmedlm.inference.cache import Usage
from openmedlm.metrics import Comparison, Summary, compare, wilson_interval
from openmedlm.optimizers.search.finalists import Candidate
from openmedlm.optimizers.search.trial_answers import TokenPrices
from openmedlm.optimizers.search.trial_attrs import read_trial_config
from openmedlm.tuning.choose import Choice
from openmedlm.tuning.plan import BASELINE


@dataclass(frozen=True)
class TuningResult:
    """What a study came to.

    Attributes:
        model, benchmark: of the study.
        choice: the winner, and what it was chosen among.
        test: the winner's and the untuned program's summaries on test, and their comparison, where asked for.
        test_missed: whether the budget ended before test was answered.
        rates: what a token costs.
        spent: on this study, in all runs, test included.
        plain: completions that a search would have bought which asks every dev question, in every trial, for all votes.
        stopped: what ended the search, in words.
        seconds: of this run.
        trials: number of trials by state.
        importances: of the parameters, see `openmedlm.tuning.trials`.
        directories: of the winner, then of the front's programs.
    """

    model: str
    benchmark: str
    choice: Choice
    test: Mapping[str, Any] | None
    test_missed: bool
    rates: TokenPrices
    spent: Usage
    plain: int
    stopped: str
    seconds: float
    trials: Mapping[str, int]
    importances: Mapping[str, float]
    directories: Sequence[str] = ()

    @property
    def winner(self) -> Candidate:
        """The program that was chosen."""
        return self.choice.winner

    def vs_baseline(self) -> Comparison | None:
        """The winner against the untuned program, on the questions that choose; None where they are the same."""
        baseline, winner = self.choice.baseline, self.winner
        if baseline is None or winner.select is None or winner.configuration == BASELINE:
            return None
        return compare(winner.select.correct(winner.size), baseline.correct())

    def optimism(self) -> float | None:
        """By how much the winner's accuracy on the questions that ranked it lies above that on those that chose it."""
        if self.winner.select is None or not len(self.winner.tune):
            return None
        return self.winner.tune.accuracy(self.winner.size) - self.winner.select.accuracy(self.winner.size)

    def curve(self) -> list[dict[str, Any]]:
        """Accuracy and cost by the size of the winner's ensemble, on all questions that its trial answered."""
        tune, select = self.winner.tune, self.winner.select
        points = []
        for size in range(1, (tune if select is None else select).votes + 1):
            right = tune.correct(size) + ([] if select is None else select.correct(size))
            points.append({"votes": size, **share(right), "votes_requested": tune.votes_requested(size)})
        return points

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        winner, choice, against = self.winner, self.choice, self.vs_baseline()
        return {
            "model": self.model,
            "benchmark": self.benchmark,
            "program": self.directories[0] if self.directories else None,
            "front": [
                {
                    "program": place,
                    "configuration": candidate.configuration.as_json(),
                    "select": summary_json(summary),
                    "cost": candidate.cost(self.rates),
                }
                for place, (candidate, summary) in zip(self.directories[1:], choice.front, strict=True)
            ],
            "label": winner.configuration.label(),
            "configuration": winner.configuration.as_json(),
            "cost_per_question": winner.cost(self.rates),
            "cost_unit": self.rates.unit,
            "tied": choice.tied,
            "complete": choice.complete,
            "tune": share(winner.tune.correct(winner.size)),
            "select": None if choice.select is None else summary_json(choice.select),
            "optimism": self.optimism(),
            "untuned": None if choice.baseline is None else share(choice.baseline.correct()),
            "vs_baseline": None if against is None else against.as_json(),
            "test": self.test,
            "test_missed": self.test_missed,
            "curve": self.curve(),
            "trials": dict(self.trials),
            "importances": dict(self.importances),
            "stopped": self.stopped,
            "calls": self.spent.calls,
            "prompt_tokens": self.spent.prompt_tokens,
            "completion_tokens": self.spent.completion_tokens,
            "cost_usd": self.spent.cost_usd if self.rates.unit == "USD" else None,
            "exhaustive_calls": self.plain,
            "seconds": self.seconds,
        }


def summary_json(summary: Summary) -> dict[str, Any]:
    """A summary as plain JSON values, without the time, which is that of the study."""
    return {name: value for name, value in summary.as_json().items() if name != "seconds"}


def share(right: Sequence[bool]) -> dict[str, Any]:
    """Right answers of questions, with the 95 % Wilson interval; empty where there are none."""
    if not right:
        return {"n": 0, "correct": 0, "accuracy": None, "ci_low": None, "ci_high": None}
    interval = wilson_interval(sum(right), len(right))
    return {
        "n": len(right),
        "correct": sum(right),
        "accuracy": sum(right) / len(right),
        "ci_low": interval.low,
        "ci_high": interval.high,
    }


def counted(study: optuna.Study) -> dict[str, int]:
    """Trials by what became of them."""
    names = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "stopped", TrialState.FAIL: "broken off"}
    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    return {name: states.count(state) for state, name in names.items()}


def exhaustive_calls(study: optuna.Study, questions: int) -> int:
    """Completions that asking every question in every trial for all its votes would have bought."""
    counting = (TrialState.COMPLETE, TrialState.PRUNED)
    return sum(
        read_trial_config(trial).votes * questions for trial in study.get_trials(deepcopy=False, states=counting)
    )
