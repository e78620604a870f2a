from collections.abc import Callable

import pytest

from openmedlm.metrics import Agreement, Outcome, Vote, agreement

Make = Callable[..., Outcome]
MakeVote = Callable[..., Vote]


def test_agreement_pairs_equal_fleiss_observed_agreement(make_outcome: Make, make_vote: MakeVote) -> None:
    """AAB: one of three pairs agrees. AA: the only pair agrees."""
    outcomes = [make_outcome(votes=tuple(make_vote(letter=letter) for letter in row)) for row in ("AAB", "AA")]
    assert agreement(outcomes) == Agreement(
        n=2, share=pytest.approx((2 / 3 + 1) / 2), pairs=pytest.approx((1 / 3 + 1) / 2), unanimous=0.5
    )


def test_agreement_of_single_parsed_votes_is_none(make_outcome: Make, make_vote: MakeVote) -> None:
    assert agreement([make_outcome(votes=(make_vote(), make_vote(letter=None)))]) is None
