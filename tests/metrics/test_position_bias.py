from collections.abc import Callable

import pytest

from openmedlm.metrics import Outcome, Vote, position_bias

Make = Callable[..., Outcome]
MakeVote = Callable[..., Vote]


def test_recall_goes_by_the_letter_at_which_the_gold_was_shown(make_outcome: Make, make_vote: MakeVote) -> None:
    # A is right. In the order CAB it stands at B, where the vote found it; in BCA at C, where the vote missed it.
    found, missed = make_vote(letter="A", order="CAB"), make_vote(letter="B", order="BCA")
    bias = position_bias([make_outcome(gold="A", votes=(found, missed))])
    assert {letter: (score.correct, score.n) for letter, score in bias.recall.items()} == {"B": (1, 1), "C": (0, 1)}
    assert bias.chosen == {"A": 0.5, "B": 0.5}


def test_a_model_that_always_answers_a_has_the_largest_deviation(make_outcome: Make, make_vote: MakeVote) -> None:
    outcomes = [make_outcome(answer="A", gold=gold, votes=(make_vote(letter="A", order="AB"),)) for gold in "AB" * 10]
    bias = position_bias(outcomes)
    assert (bias.deviation, bias.chosen) == (0.5, {"A": 1.0})


def test_the_swing_is_told_by_questions_whose_gold_moved(make_outcome: Make, make_vote: MakeVote) -> None:
    """Moved to A the gold is always found, moved to B half the time; questions that stood still have no say."""
    at_a, at_b, missed = (
        make_vote(letter=letter, order=order) for letter, order in (("A", "AB"), ("A", "BA"), ("B", "BA"))
    )
    still = make_outcome(gold="A", votes=(make_vote(letter="B", order="AB"),))
    bias = position_bias(
        [make_outcome(gold="A", votes=(at_a, at_b)), make_outcome(gold="A", votes=(at_a, missed)), still]
    )
    assert (bias.swing, bias.swing_votes) == (0.5, 4)
    assert bias.recall["A"].correct / bias.recall["A"].n == pytest.approx(2 / 3)


def test_without_shuffles_there_is_no_swing(make_outcome: Make, make_vote: MakeVote) -> None:
    bias = position_bias([make_outcome(gold=gold, votes=(make_vote(letter=gold, order="AB"),)) for gold in "AB"])
    assert (bias.swing, bias.swing_votes, bias.deviation) == (None, 0, 0.0)


def test_an_unreadable_vote_chose_nothing_and_a_failed_one_was_never_cast(
    make_outcome: Make, make_vote: MakeVote
) -> None:
    votes = (make_vote(letter=None, order="AB"), make_vote(letter=None, order="AB", error="HTTP 500", failure="http"))
    bias = position_bias([make_outcome(answer=None, gold="B", votes=votes)])
    assert (bias.recall["B"].n, bias.recall["B"].correct, bias.chosen) == (1, 0, {})


def test_letters_of_another_system_stand_as_they_are(make_outcome: Make, make_vote: MakeVote) -> None:
    bias = position_bias([make_outcome(answer="C", gold="C", votes=(make_vote(letter="C", order=""),))])
    assert bias.recall["C"].correct == 1
