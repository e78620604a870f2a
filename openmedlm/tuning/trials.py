"""Trials of a study as rows, and the importance of its parameters."""

import warnings
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import optuna
from optuna.trial import TrialState

from openmedlm.metrics import score
from openmedlm.optimizers.search.study import Search
from openmedlm.optimizers.search.trial_answers import FAILED
from openmedlm.optimizers.search.trial_attrs import (
    complete_trials,
    has_trial_config,
    read_trial_answers,
    read_trial_config,
)

MIN_TRIALS_FOR_IMPORTANCE = 10
"""Complete trials that the importance of eight parameters needs."""

STATE_NAMES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


def trial_rows(study: optuna.Study, search: Search, golds: str) -> list[dict[str, Any]]:
    """Return one mapping of plain JSON values for each trial with answers.

    `answered` and `correct` count questions of the search set. `curve` is the accuracy on those by ensemble size, from
    one vote up. `cost` is the cost per question, in the study's unit.
    """
    rows = []
    for trial in study.get_trials(deepcopy=False):
        if not has_trial_config(trial):
            continue
        configuration, answers = read_trial_config(trial), read_trial_answers(trial, golds)
        if not len(answers):
            continue
        scored = asdict(score(answers.correct()))
        rows.append(
            {
                "number": trial.number,
                "state": STATE_NAMES[trial.state],
                "program": configuration.label(),
                "configuration": configuration.as_json(),
                "answered": scored.pop("n"),
                **scored,
                "failed": sum(FAILED in answer.letters for answer in answers.answers),
                "votes": answers.votes,
                "votes_requested": answers.votes_requested(),
                "cost": answers.cost(search.prices),
                "curve": [answers.accuracy(votes) for votes in range(1, answers.votes + 1)],
            }
        )
    return rows


def importances(study: optuna.Study) -> Mapping[str, float]:
    """Return the share of the difference between good and other trials that each parameter explains, in [0, 1].

    PED-ANOVA (Watanabe et al. 2023), over the complete trials. It is empty if there are fewer than
    `MIN_TRIALS_FOR_IMPORTANCE` of them, or if they do not differ.
    """
    complete = complete_trials(study)
    if len(complete) < MIN_TRIALS_FOR_IMPORTANCE or len({tuple(trial.values) for trial in complete}) == 1:
        return {}
    # PED-ANOVA takes low values for good ones, unless the study has a single objective with a direction.
    target = (lambda trial: -trial.values[0]) if len(study.directions) > 1 else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the figure shows that some parameters have few trials
        try:
            return optuna.importance.get_param_importances(study, target=target)
        except (ValueError, RuntimeError, ZeroDivisionError):
            return {}
