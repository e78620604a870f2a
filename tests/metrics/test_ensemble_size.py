from collections.abc import Callable

from openmedlm.metrics import Outcome, Vote, accuracy_by_size, majority, votes_needed

Make = Callable[..., Outcome]
MakeVote = Callable[..., Vote]


def _asked(make_outcome: Make, make_vote: MakeVote, row: str, size: int) -> Outcome:
    """As the engine leaves it: votes stop once the majority is decided."""
    needed = votes_needed(list(row), size)
    votes = tuple(make_vote(sample=i, letter=letter) for i, letter in enumerate(row[:needed]))
    return make_outcome(answer=majority(row[:needed]).letter, votes=votes, votes_saved=size - needed)


def test_each_size_is_what_an_ensemble_of_it_would_have_come_to(make_outcome: Make, make_vote: MakeVote) -> None:
    rows = ["AAAAA", "BAABA", "BBACA", "BABAA"]
    sizes = accuracy_by_size([_asked(make_outcome, make_vote, row, 5) for row in rows])
    for size in sizes:
        alone = [_asked(make_outcome, make_vote, row, size.votes) for row in rows]
        assert size.score.correct == sum(outcome.correct for outcome in alone)
        assert size.api_calls == sum(len(outcome.votes) for outcome in alone) / len(rows)
    assert [size.votes for size in sizes] == [1, 2, 3, 4, 5]


def test_samples_of_another_system_may_be_of_different_numbers(make_outcome: Make, make_vote: MakeVote) -> None:
    rows = ("AAB", "A")
    outcomes = [make_outcome(votes=tuple(make_vote(letter=letter) for letter in row)) for row in rows]
    assert [size.score.n for size in accuracy_by_size(outcomes)] == [2, 2, 2]


def test_a_vote_that_failed_counts_against_the_sizes_that_needed_it(make_outcome: Make, make_vote: MakeVote) -> None:
    votes = (*(make_vote(sample=sample) for sample in range(2)), make_vote(sample=2, letter=None, error="timeout"))
    failed = make_outcome(answer=None, votes=votes, error="timeout")
    other = _asked(make_outcome, make_vote, "ABABA", 5)
    assert [size.score.correct for size in accuracy_by_size([failed, other])] == [2, 2, 2, 2, 1]


def test_nothing_has_no_sizes() -> None:
    assert accuracy_by_size([]) == []
