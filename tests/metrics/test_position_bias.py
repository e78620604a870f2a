from collections.abc import Callable

import pytest

from openmedlm.metrics import Outcome, Vote, position_bias

Make = Callable[..., Outcome]
MakeVote = Callable[..., Vote]


def test_position_bias_recall_is_by_shown_letter(make_outcome: Make, make_vote: MakeVote) -> None:
    # A is the gold option. Order CAB shows it at B, where the vote chose it; BCA shows it at C, where the vote did not.
    chosen, missed = make_vote(letter="A", order="CAB"), make_vote(letter="B", order="BCA")
    bias = position_bias([make_outcome(gold="A", votes=(chosen, missed))])
    assert {letter: (score.correct, score.n) for letter, score in bias.recall.items()} == {"B": (1, 1), "C": (0, 1)}
    assert bias.chosen == {"A": 0.5, "B": 0.5}


def test_position_bias_always_a_has_the_largest_deviation(make_outcome: Make, make_vote: MakeVote) -> None:
    outcomes = [make_outcome(answer="A", gold=gold, votes=(make_vote(letter="A", order="AB"),)) for gold in "AB" * 10]
    bias = position_bias(outcomes)
    assert (bias.deviation, bias.chosen) == (0.5, {"A": 1.0})


def test_position_bias_swing_uses_questions_with_moved_gold(make_outcome: Make, make_vote: MakeVote) -> None:
    """The gold option at A is always chosen, at B half the time; questions with one order do not count."""
    at_a, at_b, missed = (
        make_vote(letter=letter, order=order) for letter, order in (("A", "AB"), ("A", "BA"), ("B", "BA"))
    )
    one_order = make_outcome(gold="A", votes=(make_vote(letter="B", order="AB"),))
    bias = position_bias(
        [make_outcome(gold="A", votes=(at_a, at_b)), make_outcome(gold="A", votes=(at_a, missed)), one_order]
    )
    assert (bias.swing, bias.swing_votes) == (0.5, 4)
    assert bias.recall["A"].correct / bias.recall["A"].n == pytest.approx(2 / 3)


def test_position_bias_without_shuffles_has_no_swing(make_outcome: Make, make_vote: MakeVote) -> None:
    bias = position_bias([make_outcome(gold=gold, votes=(make_vote(letter=gold, order="AB"),)) for gold in "AB"])
    assert (bias.swing, bias.swing_votes, bias.deviation) == (None, 0, 0.0)


def test_position_bias_ignores_failed_and_unparsed_votes(make_outcome: Make, make_vote: MakeVote) -> None:
    votes = (make_vote(letter=None, order="AB"), make_vote(letter=None, order="AB", error="HTTP 500", failure="http"))
    bias = position_bias([make_outcome(answer=None, gold="B", votes=votes)])
    assert (bias.recall["B"].n, bias.recall["B"].correct, bias.chosen) == (1, 0, {})


def test_position_bias_without_order_uses_the_letters(make_outcome: Make, make_vote: MakeVote) -> None:
    bias = position_bias([make_outcome(answer="C", gold="C", votes=(make_vote(letter="C", order=""),))])
    assert bias.recall["C"].correct == 1
