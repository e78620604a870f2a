import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.metrics import majority, votes_needed
from openmedlm.optimizers.search.trial_answers import OWN_SERVER, Answered, Rates, Sheet, block_as_json, block_from_json

LETTERS = st.text("ABC.", min_size=9, max_size=9)


def voted(row: str) -> list[str | None]:
    return [None if letter == "." else letter for letter in row]


@given(st.lists(st.tuples(LETTERS, st.sampled_from("ABC")), min_size=1, max_size=20))
def test_stopped_votes_tell_the_accuracy_of_every_smaller_ensemble(rows: list[tuple[str, str]]) -> None:
    """The sheet has the votes until the majority of nine was decided; all nine must say the same of every size."""
    stopped = [Answered(row[: votes_needed(voted(row), 9)]) for row, _ in rows]
    sheet = Sheet(tuple(stopped), "".join(gold for _, gold in rows), 9)
    for votes in range(1, 10):
        full = [majority(voted(row)[:votes]).letter == gold for row, gold in rows]
        assert sheet.correct(votes) == full
        needed = [votes_needed(voted(row), votes) for row, _ in rows]
        assert sheet.votes_bought(votes) == pytest.approx(sum(needed) / len(needed))


def test_a_question_whose_votes_could_not_be_had_is_not_right() -> None:
    sheet = Sheet((Answered("A!"), Answered("AA")), "AA", 3)
    assert sheet.correct() == [False, True]
    assert sheet.accuracy() == 0.5


def test_a_vote_that_could_not_be_had_takes_only_sizes_that_need_it() -> None:
    sheet = Sheet((Answered("AAA!"),), "A", 7)
    assert [sheet.correct(votes)[0] for votes in range(1, 8)] == [True] * 6 + [False]
    assert [sheet.votes_bought(votes) for votes in (1, 5, 7)] == [1, 3, 4]


def test_a_question_costs_its_votes() -> None:
    two = Answered("AA", prompt_tokens=200, completion_tokens=10)
    three = Answered("ABA", prompt_tokens=300, completion_tokens=15)
    sheet = Sheet((two, three), "AA", 3)
    assert sheet.cost(OWN_SERVER) == pytest.approx((500 + 4 * 25) / 2)
    assert sheet.cost(Rates(2.0, 1.0, "USD")) == pytest.approx((2 * 500 + 25) / 2)
    assert sheet.cost(OWN_SERVER, votes=1) == pytest.approx((500 + 4 * 25) / 5)


def test_an_empty_sheet_is_worth_nothing() -> None:
    sheet = Sheet((), "", 3)
    assert (sheet.accuracy(), sheet.votes_bought(), sheet.cost(OWN_SERVER)) == (0.0, 0.0, 0.0)


@given(st.lists(st.builds(Answered, LETTERS, st.integers(0, 99), st.integers(0, 99))))
def test_a_block_comes_back_as_it_was_written(answers: list[Answered]) -> None:
    assert block_from_json(block_as_json(answers)) == answers
