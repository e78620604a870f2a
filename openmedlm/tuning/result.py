"""Results of one study, and their uncertainty."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import optuna
from optuna.trial import TrialState

from openmedlm.inference.cache import Usage
from openmedlm.metrics import Comparison, Summary, compare, score
from openmedlm.optimizers.search.finalists import Candidate
from openmedlm.optimizers.search.trial_answers import TokenPrices
from openmedlm.optimizers.search.trial_attrs import read_trial_config
from openmedlm.tuning.choose import Choice
from openmedlm.tuning.read import SCHEMA_VERSION
from openmedlm.tuning.trials import STATE_NAMES


@dataclass(frozen=True)
class TuningResult:
    """Results of one study.

    Attributes:
        model, benchmark: Model and benchmark of the study.
        choice: The winner, and the programs that it was chosen among.
        test: Summaries of the winner and the baseline on test, and their comparison; None unless requested.
        test_missed: True if the budget ended before test was answered.
        prices: Token prices.
        spent: Spending on this study in all runs, test included.
        exhaustive_calls: Calls of a search that asks every dev question, in every trial, for all votes.
        stopped: Number of trials, or limit of the budget, that ended the search, in words.
        seconds: Duration of this run.
        trials: Number of trials by state: complete, pruned, failed.
        importances: Importance of the parameters, see `openmedlm.tuning.trials`.
        directories: Directories of the winner, then of the front's programs.
    """

    model: str
    benchmark: str
    choice: Choice
    test: Mapping[str, Any] | None
    test_missed: bool
    prices: TokenPrices
    spent: Usage
    exhaustive_calls: int
    stopped: str
    seconds: float
    trials: Mapping[str, int]
    importances: Mapping[str, float]
    directories: Sequence[str] = ()

    @property
    def winner(self) -> Candidate:
        """Chosen program."""
        return self.choice.winner

    def vs_baseline(self) -> Comparison | None:
        """Return the comparison of the winner with the baseline on the holdout set; None if they are the same."""
        baseline, winner = self.choice.baseline, self.winner
        if baseline is None or winner.holdout_answers is None or winner.configuration == self.choice.zero_shot:
            return None
        return compare(winner.holdout_answers.correct(winner.size), baseline.correct())

    def optimism(self) -> float | None:
        """Return the winner's accuracy on the search set minus its accuracy on the holdout set."""
        if self.winner.holdout_answers is None or not len(self.winner.search_answers):
            return None
        size = self.winner.size
        return self.winner.search_answers.accuracy(size) - self.winner.holdout_answers.accuracy(size)

    def curve(self) -> list[dict[str, Any]]:
        """Return accuracy and votes by ensemble size, on all questions that the winner's trial answered."""
        search_set, holdout = self.winner.search_answers, self.winner.holdout_answers
        points = []
        for size in range(1, (search_set if holdout is None else holdout).votes + 1):
            correct = search_set.correct(size) + ([] if holdout is None else holdout.correct(size))
            requested = search_set.votes_requested(size)
            points.append({"votes": size, **asdict(score(correct)), "votes_requested": requested})
        return points

    def as_json(self) -> dict[str, Any]:
        """Return the results as plain JSON values, as `tuning.json` holds them."""
        winner, choice, comparison = self.winner, self.choice, self.vs_baseline()
        return {
            "schema_version": SCHEMA_VERSION,
            "model": self.model,
            "benchmark": self.benchmark,
            "program": self.directories[0] if self.directories else None,
            "front": [
                {
                    "program": directory,
                    "configuration": candidate.configuration.as_json(),
                    "holdout": summary_json(summary),
                    "cost": candidate.cost(self.prices),
                }
                for directory, (candidate, summary) in zip(self.directories[1:], choice.front, strict=True)
            ],
            "label": winner.configuration.label(),
            "configuration": winner.configuration.as_json(),
            "cost_per_question": winner.cost(self.prices),
            "cost_unit": self.prices.unit,
            "tied": choice.tied,
            "complete": choice.complete,
            "search_set": asdict(score(winner.search_answers.correct(winner.size))),
            "holdout": None if choice.holdout is None else summary_json(choice.holdout),
            "optimism": self.optimism(),
            "baseline": None if choice.baseline is None else asdict(score(choice.baseline.correct())),
            "vs_baseline": None if comparison is None else comparison.as_json(),
            "test": self.test,
            "test_missed": self.test_missed,
            "curve": self.curve(),
            "trials": dict(self.trials),
            "importances": dict(self.importances),
            "stopped": self.stopped,
            "calls": self.spent.calls,
            "prompt_tokens": self.spent.prompt_tokens,
            "completion_tokens": self.spent.completion_tokens,
            "cost_usd": self.spent.cost_usd if self.prices.unit == "USD" else None,
            "exhaustive_calls": self.exhaustive_calls,
            "seconds": self.seconds,
        }


def summary_json(summary: Summary) -> dict[str, Any]:
    """Return a summary as plain JSON values, without its duration, which the study has."""
    return {name: value for name, value in summary.as_json().items() if name != "seconds"}


def count_trials(study: optuna.Study) -> dict[str, int]:
    """Return the number of complete, pruned and failed trials."""
    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    ended = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    return {STATE_NAMES[state]: states.count(state) for state in ended}


def count_exhaustive_calls(study: optuna.Study, questions: int) -> int:
    """Return the calls of a search that asks every question, in every trial, for all votes."""
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return sum(read_trial_config(trial).votes * questions for trial in study.get_trials(deepcopy=False, states=states))
