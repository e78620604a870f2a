from collections.abc import Callable

import pytest

from openmedlm.metrics import Outcome, Vote, analyse

Make = Callable[..., Outcome]
MakeVote = Callable[..., Vote]


def test_analyse_calibration_ignores_single_votes(make_outcome: Make, make_vote: MakeVote) -> None:
    def voted(letters: str) -> Outcome:
        votes = tuple(make_vote(sample=place, letter=letter) for place, letter in enumerate(letters))
        return make_outcome(answer=letters[0], votes=votes)

    single, several = [voted("B")] * 8, [voted("AAB"), voted("BBB")]
    result = analyse([*single, *several]).calibration
    assert result is not None
    assert (result.n, result.brier) == (2, pytest.approx(((1 / 3) ** 2 + 1) / 2))
    assert analyse(single).calibration is None
