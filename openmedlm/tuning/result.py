"""What a study came to, and how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import TrialState

from metrics import (
    Paired,
    Summary,
    difference_interval,
    mcnemar,
    minimum_detectable_effect,
    paired,
    wilson_interval,
)
from optimizers.tuning.selecting import Candidate
from optimizers.tuning.sheet import Rates, Sheet
from optimizers.tuning.trial_record import configuration_of


@dataclass(frozen=True, slots=True)
class Comparison:
    """The winner against the untuned program, on the same questions."""

    pairs: Paired

    def as_json(self) -> dict[str, Any]:
        interval = difference_interval(self.pairs)
        return {
            "n": self.pairs.n,
            "difference": self.pairs.difference,
            "ci_low": interval.low,
            "ci_high": interval.high,
            "p_value": mcnemar(self.pairs),
            "discordant": self.pairs.discordant,
            "minimum_detectable_effect": detectable(self.pairs),
        }


def detectable(pairs: Paired) -> float:
    """The smallest difference that these questions would show, at the share of them that told the two apart.

    Where none did, as if one had: no discordance in n questions does not mean that there is none.
    """
    return minimum_detectable_effect(pairs.n, max(pairs.discordant, 1) / pairs.n)


def compare(first: Sequence[bool], second: Sequence[bool]) -> Comparison:
    """Pairs two programs' right answers."""
    return Comparison(paired(first, second))


@dataclass(frozen=True)
class TuningResult:
    """What a study came to.

    Attributes:
        model, benchmark: of the study.
        winner: the choice, with its answers to the questions that choose, where the budget reached them.
        tied: how many programs were as good as the best, and among which the cheapest was taken.
        front: the programs of the Pareto front, cheapest first, where the objective is both.
        untuned: answers of the untuned program to the questions that choose; None where the budget did not reach them.
        select: the winner's summary on the questions that choose.
        test: the winner's and the untuned program's summaries on test, and their comparison, where asked for.
        rates: what a token costs.
        bought: completions bought for this study, in all runs.
        tokens, cost_usd: of them.
        plain: completions that a search would have bought which asks every dev question, in every trial, for all votes.
        stopped: what ended the search, in words.
        seconds: of this run.
        trials: number of trials by state.
        importances: of the parameters, see `openmedlm.tuning.trials`.
        directories: of the winner, then of the front's programs.
    """

    model: str
    benchmark: str
    winner: Candidate
    tied: int
    front: Sequence[Candidate]
    untuned: Sheet | None
    select: Summary | None
    test: Mapping[str, Any] | None
    rates: Rates
    bought: int
    tokens: int
    cost_usd: float
    plain: int
    stopped: str
    seconds: float
    trials: Mapping[str, int]
    importances: Mapping[str, float]
    directories: Sequence[str] = ()

    def against_untuned(self) -> Comparison | None:
        """The winner against the untuned program, on the questions that choose."""
        if self.untuned is None or self.winner.select is None:
            return None
        return compare(self.winner.select.correct(self.winner.size), self.untuned.correct())

    def optimism(self) -> float | None:
        """By how much the winner's accuracy on the questions that ranked it lies above that on those that chose it."""
        if self.winner.select is None or not len(self.winner.tune):
            return None
        return self.winner.tune.accuracy(self.winner.size) - self.winner.select.accuracy(self.winner.size)

    def curve(self) -> list[dict[str, Any]]:
        """Accuracy and cost by the size of the winner's ensemble, on all questions that its trial answered."""
        winner = self.winner
        votes = winner.select.votes if winner.select is not None else winner.tune.votes
        points = []
        for size in range(1, votes + 1):
            right = winner.tune.correct(size) + (winner.select.correct(size) if winner.select is not None else [])
            points.append({"votes": size, **share(right), "votes_bought": winner.tune.votes_bought(size)})
        return points

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        winner, against = self.winner, self.against_untuned()
        return {
            "model": self.model,
            "benchmark": self.benchmark,
            "program": self.directories[0] if self.directories else None,
            "front": [
                {
                    "program": place,
                    "configuration": candidate.configuration.as_json(),
                    "select": share(candidate.select.correct(candidate.size)) if candidate.select else None,
                    "cost": candidate.cost(self.rates),
                }
                for place, candidate in zip(self.directories[1:], self.front, strict=True)
            ],
            "label": winner.configuration.label(),
            "configuration": winner.configuration.as_json(),
            "cost_per_question": winner.cost(self.rates),
            "cost_unit": self.rates.unit,
            "tied": self.tied,
            "tune": share(winner.tune.correct(winner.size)),
            "select": None if self.select is None else self.select.as_json(),
            "optimism": self.optimism(),
            "untuned": None if self.untuned is None else share(self.untuned.correct()),
            "against_untuned": None if against is None else against.as_json(),
            "test": self.test,
            "curve": self.curve(),
            "trials": dict(self.trials),
            "importances": dict(self.importances),
            "stopped": self.stopped,
            "calls": self.bought,
            "tokens": self.tokens,
            "cost_usd": self.cost_usd if self.rates.unit == "USD" else None,
            "plain_calls": self.plain,
            "seconds": self.seconds,
        }


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


def plain_calls(study: optuna.Study, questions: int) -> int:
    """Completions that asking every question in every trial for all its votes would have bought."""
    counting = (TrialState.COMPLETE, TrialState.PRUNED)
    return sum(configuration_of(trial).votes * questions for trial in study.get_trials(deepcopy=False, states=counting))
