import optuna
import pytest

from openmedlm.optimizers.search.racing_pruner import RacingPruner, is_worse
from openmedlm.optimizers.search.trial_answers import QuestionVotes, TokenPrices, TrialAnswers
from openmedlm.optimizers.search.trial_attrs import write_block, write_trial_config
from openmedlm.optimizers.search.trial_config import TrialConfig

GOLDS = "A" * 40


def answers(row: str, tokens: int = 10) -> list[QuestionVotes]:
    return [QuestionVotes(letter, prompt_tokens=tokens) for letter in row]


def begun(study: optuna.Study, row: str, votes: int = 1, at: int = 1, tokens: int = 10) -> optuna.Trial:
    """Begin a trial with some answers, at the ensemble size `at`."""
    trial = study.ask()
    write_trial_config(trial, TrialConfig("zero-shot", votes=votes, temperature=0.8))
    write_block(trial, at, 0, answers(row, tokens))
    return trial


def judged(pruner: RacingPruner, study: optuna.Study, trial: optuna.Trial) -> bool:
    return pruner.prune(study, study.trials[trial.number])


@pytest.fixture
def study() -> optuna.Study:
    return optuna.create_study(direction="maximize")


def finish(study: optuna.Study, row: str, **settings: int) -> None:
    study.tell(begun(study, row, **settings), row.count("A") / len(row))


def test_first_trial_is_never_pruned(study: optuna.Study) -> None:
    assert not judged(RacingPruner(GOLDS), study, begun(study, "B" * 20))


def test_trial_that_loses_every_question_is_pruned(study: optuna.Study) -> None:
    finish(study, "A" * 40)
    assert judged(RacingPruner(GOLDS), study, begun(study, "B" * 20))


def test_pruner_counts_only_discordant_questions(study: optuna.Study) -> None:
    """3 of 3 discordant questions lost has p = 1/8, and 4 of 4 has 1/16, whatever the number of concordant ones."""
    finish(study, "A" * 40)
    pruner = RacingPruner(GOLDS, alpha=0.08)
    assert not judged(pruner, study, begun(study, "BBB" + "A" * 15))
    assert judged(pruner, study, begun(study, "BBBB" + "A" * 15))


def test_pruner_compares_with_the_best_complete_trial(study: optuna.Study) -> None:
    finish(study, "B" * 40)
    finish(study, "A" * 40)
    finish(study, "B" * 40)
    assert judged(RacingPruner(GOLDS), study, begun(study, "B" * 20))


def test_pruner_level_rises_with_answered_questions(study: optuna.Study) -> None:
    finish(study, "A" * 40)
    pruner = RacingPruner(GOLDS, alpha=0.07)  # 0.125 against 0.0875 at ten questions, and 0.14 at all
    assert not judged(pruner, study, begun(study, "BBB" + "A" * 7))
    assert judged(pruner, study, begun(study, "BBB" + "A" * 37))


def test_low_fidelity_trial_meets_the_leader_at_its_size(study: optuna.Study) -> None:
    """The leader is wrong with one vote and right with five; the trial does not lose to one vote."""
    trial = study.ask()
    write_trial_config(trial, TrialConfig("zero-shot", votes=5, temperature=0.8))
    write_block(trial, 5, 0, [QuestionVotes("BBAAA")] * 40)
    study.tell(trial, 1.0)
    pruner = RacingPruner(GOLDS)
    assert not judged(pruner, study, begun(study, "B" * 20, votes=9, at=3))
    assert judged(pruner, study, begun(study, "B" * 20, votes=1, at=1))  # its final size


def test_pruner_with_prices_ignores_costlier_leaders(study: optuna.Study) -> None:
    finish(study, "A" * 40, tokens=100)
    pruner = RacingPruner(GOLDS, prices=TokenPrices(1.0, 1.0, "tokens"))
    assert not judged(pruner, study, begun(study, "B" * 20, tokens=50))
    assert judged(pruner, study, begun(study, "B" * 20, tokens=100))


def test_prune_skips_the_trial_itself(study: optuna.Study) -> None:
    trial = begun(study, "B" * 40)
    study.tell(trial, 0.0)
    assert not RacingPruner(GOLDS).prune(study, study.trials[0])


@pytest.mark.parametrize("alpha", [0.0, 1.0, -1.0])
def test_pruner_alpha_out_of_range_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha"):
        RacingPruner(GOLDS, alpha)


def test_is_worse_pairs_question_by_question() -> None:
    leader = TrialAnswers(tuple(answers("AABB")), "AAAA", 1)
    assert not is_worse(TrialAnswers(tuple(answers("BBAA")), "AAAA", 1), leader, 1, 0.3)
    assert is_worse(TrialAnswers(tuple(answers("BB")), "AA", 1), leader, 1, 0.3)
