"""Accuracy by ensemble size, from the votes of one run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from openmedlm.metrics.accuracy import Score, Tally
from openmedlm.metrics.outcome import Outcome
from openmedlm.metrics.voting import decided, majority, votes_needed


@dataclass(frozen=True, slots=True)
class SizeResult:
    """Accuracy and cost of an ensemble of one size.

    Attributes:
        votes: Ensemble size.
        api_calls: Mean number of votes per question until the majority is decided.
        score: Accuracy of the answers.
    """

    votes: int
    api_calls: float
    score: Score


def accuracy_by_size(outcomes: Iterable[Outcome]) -> list[SizeResult]:
    """Return the accuracy of every ensemble size from one vote to the run's own; empty if there are no questions.

    A smaller ensemble consists of the first votes of a larger one, so the results are exact and need no further
    request. All sizes share questions and votes: the interval of each is its own, and does not show that two sizes
    differ.

    Args:
        outcomes: Outcomes of one run; ensembles may have stopped once their majority was decided.

    Example:
        >>> from openmedlm.metrics import Vote
        >>> votes = tuple(Vote(sample, letter, "lone letter", letter) for sample, letter in enumerate("BAA"))
        >>> results = accuracy_by_size([Outcome("q1", "mine", None, gold="A", answer="A", votes=votes)])
        >>> [(size.votes, size.score.correct) for size in results]
        [(1, 0), (2, 0), (3, 1)]
    """
    tally = SizesTally()
    for outcome in outcomes:
        tally.add(outcome)
    return tally.result()


def with_votes(outcome: Outcome, votes: int) -> Outcome:
    """Return the outcome of a smaller ensemble: of the first `votes` votes.

    Args:
        outcome: Outcome of an ensemble of at least that size; its votes may end where the majority was decided.
        votes: Size of the smaller ensemble, at least 1.

    Raises:
        ValueError: The outcome has too few votes to decide a majority of that size.

    Example:
        >>> from openmedlm.metrics import Vote
        >>> votes = tuple(Vote(sample, letter, "lone letter", letter) for sample, letter in enumerate("BAA"))
        >>> with_votes(Outcome("q1", "mine", None, gold="A", answer="A", votes=votes), 1).answer
        'B'
    """
    if votes < 1:
        raise ValueError(f"votes must be at least 1, got {votes}")
    letters = [vote.letter for vote in outcome.votes]
    failed = next((place for place, vote in enumerate(outcome.votes[:votes]) if vote.error is not None), None)
    if failed is not None and not decided(letters[:failed], votes - failed):
        failed_vote = outcome.votes[failed]
        return replace(
            outcome,
            answer=None,
            votes=outcome.votes[: failed + 1],
            error=failed_vote.error,
            failure=failed_vote.failure,
            votes_saved=0,
        )
    needed = votes_needed(letters, votes)
    return replace(
        outcome,
        answer=majority(letters[:needed]).letter,
        votes=outcome.votes[:needed],
        error=None,
        failure=None,
        votes_saved=votes - needed,
    )


class SizesTally:
    """Running count of outcomes by their votes: there are few distinct ones, even for many questions."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[object, ...], tuple[Outcome, list[int]]] = {}

    def add(self, outcome: Outcome) -> None:
        """Add the outcome of one question."""
        letters = tuple([vote.letter if vote.error is None else False for vote in outcome.votes])
        kind = (letters, outcome.gold, outcome.answer, outcome.votes_saved)
        known = self._kinds.get(kind)
        if known is None:
            self._kinds[kind] = (outcome, [1])
        else:
            known[1][0] += 1

    def result(self) -> list[SizeResult]:
        """Return the result over the outcomes so far."""
        kinds = [(outcome, count) for outcome, (count,) in self._kinds.values()]
        largest = max((len(outcome.votes) + outcome.votes_saved for outcome, _ in kinds), default=0)
        return [_size_result(kinds, votes) for votes in range(1, largest + 1)]


def _size_result(kinds: Sequence[tuple[Outcome, int]], votes: int) -> SizeResult:
    resized = [(_at_most(outcome, votes), count) for outcome, count in kinds]
    n = sum(count for _, count in resized)
    api_calls = sum(count * len(outcome.votes) for outcome, count in resized) / n
    return SizeResult(votes, api_calls, Tally(n, sum(count for outcome, count in resized if outcome.correct)).score())


def _at_most(outcome: Outcome, votes: int) -> Outcome:
    """Return the outcome at that size, or at its own if that is smaller: other systems may sample unevenly."""
    failed = any(vote.error is not None for vote in outcome.votes)  # a smaller size may not need the failed vote
    return with_votes(outcome, votes) if failed or votes < len(outcome.votes) + outcome.votes_saved else outcome
