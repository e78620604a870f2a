import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.metrics import majority, votes_needed
from openmedlm.optimizers.search.trial_answers import (
    UNPRICED,
    QuestionVotes,
    TokenPrices,
    TrialAnswers,
    block_as_json,
    block_from_json,
)

LETTERS = st.text("ABC.", min_size=9, max_size=9)


def voted(row: str) -> list[str | None]:
    return [None if letter == "." else letter for letter in row]


@given(st.lists(st.tuples(LETTERS, st.sampled_from("ABC")), min_size=1, max_size=20))
def test_stopped_votes_give_every_smaller_size(rows: list[tuple[str, str]]) -> None:
    """Votes until the majority of nine is decided give the same result at every size as all nine."""
    stopped = [QuestionVotes(row[: votes_needed(voted(row), 9)]) for row, _ in rows]
    trial_answers = TrialAnswers(tuple(stopped), "".join(gold for _, gold in rows), 9)
    for votes in range(1, 10):
        full = [majority(voted(row)[:votes]).letter == gold for row, gold in rows]
        assert trial_answers.correct(votes) == full
        needed = [votes_needed(voted(row), votes) for row, _ in rows]
        assert trial_answers.votes_requested(votes) == pytest.approx(sum(needed) / len(needed))


def test_failed_vote_is_not_correct() -> None:
    trial_answers = TrialAnswers((QuestionVotes("A!"), QuestionVotes("AA")), "AA", 3)
    assert trial_answers.correct() == [False, True]
    assert trial_answers.accuracy() == 0.5


def test_failed_vote_affects_only_sizes_that_need_it() -> None:
    trial_answers = TrialAnswers((QuestionVotes("AAA!"),), "A", 7)
    assert [trial_answers.correct(votes)[0] for votes in range(1, 8)] == [True] * 6 + [False]
    assert [trial_answers.votes_requested(votes) for votes in (1, 5, 7)] == [1, 3, 4]


def test_cost_is_the_mean_cost_of_the_votes() -> None:
    two = QuestionVotes("AA", prompt_tokens=200, completion_tokens=10)
    three = QuestionVotes("ABA", prompt_tokens=300, completion_tokens=15)
    trial_answers = TrialAnswers((two, three), "AA", 3)
    assert trial_answers.cost(UNPRICED) == pytest.approx((500 + 4 * 25) / 2)
    assert trial_answers.cost(TokenPrices(2.0, 1.0, "USD")) == pytest.approx((2 * 500 + 25) / 2)
    assert trial_answers.cost(UNPRICED, votes=1) == pytest.approx((500 + 4 * 25) / 5)


def test_trial_answers_without_questions_are_zero() -> None:
    trial_answers = TrialAnswers((), "", 3)
    assert (trial_answers.accuracy(), trial_answers.votes_requested(), trial_answers.cost(UNPRICED)) == (0.0, 0.0, 0.0)


@given(st.lists(st.builds(QuestionVotes, LETTERS, st.integers(0, 99), st.integers(0, 99))))
def test_block_json_round_trip_is_equal(answers: list[QuestionVotes]) -> None:
    assert block_from_json(block_as_json(answers)) == answers
