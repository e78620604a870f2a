from collections.abc import Callable

import pytest

from openmedlm.metrics import Agreement, Outcome, Vote, agreement

Make = Callable[..., Outcome]
MakeVote = Callable[..., Vote]


def test_pairs_are_fleiss_observed_agreement(make_outcome: Make, make_vote: MakeVote) -> None:
    """AAB: one pair of three agrees; AA: the one pair does."""
    outcomes = [make_outcome(votes=tuple(make_vote(letter=letter) for letter in row)) for row in ("AAB", "AA")]
    assert agreement(outcomes) == Agreement(
        n=2, share=pytest.approx((2 / 3 + 1) / 2), pairs=pytest.approx((1 / 3 + 1) / 2), unanimous=0.5
    )


def test_one_readable_vote_agrees_with_nothing(make_outcome: Make, make_vote: MakeVote) -> None:
    assert agreement([make_outcome(votes=(make_vote(), make_vote(letter=None)))]) is None
