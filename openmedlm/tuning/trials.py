"""A study's trials as rows, for the page and for anyone's own analysis."""

import warnings
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.trial import TrialState

from openmedlm.optimizers.search.study import Search
from openmedlm.optimizers.search.trial_answers import FAILED
from openmedlm.optimizers.search.trial_attrs import read_trial_answers, read_trial_config
from openmedlm.tuning.result import share

IMPORTANT_FROM = 10
"""Finished trials; fewer tell nothing of eight parameters."""

_STATES = {"COMPLETE": "finished", "PRUNED": "stopped", "FAIL": "broken off", "RUNNING": "under way"}


def trial_rows(study: optuna.Study, search: Search, golds: str) -> list[dict[str, Any]]:
    """One mapping of plain JSON values for each trial that answered anything.

    `answered` and `correct` count questions that rank; `curve` has the accuracy on those by the size of the ensemble,
    from one vote up; `cost` is that of a question, in the study's unit.
    """
    rows = []
    for trial in study.get_trials(deepcopy=False):
        if "configuration" not in trial.user_attrs:
            continue
        configuration, trial_answers = read_trial_config(trial), read_trial_answers(trial, golds)
        if not len(trial_answers):
            continue
        scored = share(trial_answers.correct())
        rows.append(
            {
                "number": trial.number,
                "state": _STATES.get(trial.state.name, trial.state.name.lower()),
                "program": configuration.label(),
                "configuration": configuration.as_json(),
                "answered": scored.pop("n"),
                **scored,
                "failed": sum(FAILED in answer.letters for answer in trial_answers.answers),
                "votes": trial_answers.votes,
                "votes_requested": trial_answers.votes_requested(),
                "cost": trial_answers.cost(search.rates),
                "curve": [trial_answers.accuracy(votes) for votes in range(1, trial_answers.votes + 1)],
            }
        )
    return rows


def importances(study: optuna.Study) -> Mapping[str, float]:
    """How much of the difference between good and other configurations each parameter accounts for, in [0, 1].

    PED-ANOVA (Watanabe et al. 2023), over the trials that met every question; empty where there are fewer than
    `IMPORTANT_FROM` of them, or they differ in nothing.
    """
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(done) < IMPORTANT_FROM or len({tuple(trial.values) for trial in done}) == 1:
        return {}
    # It takes low values for good ones, unless the study has one objective and so says which are.
    target = (lambda trial: -trial.values[0]) if len(study.directions) > 1 else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some parameters have few trials is for the reader of the figure to see
        try:
            return optuna.importance.get_param_importances(study, target=target)
        except (ValueError, RuntimeError, ZeroDivisionError):
            return {}
