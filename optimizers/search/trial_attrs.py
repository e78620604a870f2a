"""User attributes of a trial in the study's storage: its configuration, and its answers by block."""

from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from openmedlm.optimizers.search.defaults import LOW_FIDELITY_VOTES
from openmedlm.optimizers.search.trial_answers import QuestionVotes, TrialAnswers, block_as_json, block_from_json
from openmedlm.optimizers.search.trial_config import TrialConfig

_CONFIGURATION = "configuration"
_BLOCK = "block:"


def write_trial_config(trial: optuna.Trial, configuration: TrialConfig) -> None:
    """Record the configuration of a trial."""
    trial.set_user_attr(_CONFIGURATION, configuration.as_json())
    trial.set_user_attr("program", configuration.label())


def write_block(trial: optuna.Trial, votes: int, number: int, answers: list[QuestionVotes]) -> None:
    """Record the answers of an ensemble of that size to the block of that number, from 0."""
    trial.set_user_attr(f"{_BLOCK}{votes}:{number}", block_as_json(answers))


def has_trial_config(trial: FrozenTrial) -> bool:
    """Return True if the trial got as far as recording its configuration."""
    return _CONFIGURATION in trial.user_attrs


def read_trial_config(trial: FrozenTrial) -> TrialConfig:
    """Return the configuration of a trial."""
    return TrialConfig(**trial.user_attrs[_CONFIGURATION])


def read_trial_answers(trial: FrozenTrial, golds: str) -> TrialAnswers:
    """Return the answers of a trial, at the largest ensemble size that it has evaluated.

    Args:
        trial: A trial of a study.
        golds: Gold letters, in the study's order of questions.
    """
    attributes: dict[str, Any] = trial.user_attrs
    largest = read_trial_config(trial).votes
    votes = next((size for size in (largest, LOW_FIDELITY_VOTES) if f"{_BLOCK}{size}:0" in attributes), largest)
    answers: list[QuestionVotes] = []
    number = 0
    while (block := attributes.get(f"{_BLOCK}{votes}:{number}")) is not None:
        answers += block_from_json(block)
        number += 1
    return TrialAnswers(tuple(answers), golds[: len(answers)], votes)


def complete_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that answered every question, in the order in which they began."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
