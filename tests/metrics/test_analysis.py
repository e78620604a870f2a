from collections.abc import Callable

import pytest

from openmedlm.metrics import Outcome, Vote, analyse

Make = Callable[..., Outcome]
MakeVote = Callable[..., Vote]


def test_the_share_of_a_single_vote_is_not_calibrated(make_outcome: Make, make_vote: MakeVote) -> None:
    def asked(letters: str) -> Outcome:
        votes = tuple(make_vote(sample=place, letter=letter) for place, letter in enumerate(letters))
        return make_outcome(answer=letters[0], votes=votes)

    alone, several = [asked("B")] * 8, [asked("AAB"), asked("BBB")]
    told = analyse([*alone, *several]).calibration
    assert told is not None
    assert (told.n, told.brier) == (2, pytest.approx(((1 / 3) ** 2 + 1) / 2))
    assert analyse(alone).calibration is None
