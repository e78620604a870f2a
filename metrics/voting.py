"""Majority of an ensemble's votes, and early stopping once it is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Majority:
    """Majority of the votes on one question.

    Attributes:
        letter: Most frequent letter, ties to the one that came first; None if no vote was parsed.
        share: Its votes divided by the parsed votes, in [0, 1]; 0 if no vote was parsed.
        counts: Letter to number of votes, in order of first appearance.
    """

    letter: str | None
    share: float
    counts: Mapping[str, int]


def majority(letters: Sequence[str | None]) -> Majority:
    """Return the majority of the votes.

    Args:
        letters: Letters in sample order; None for an unparsed completion, which is no vote.

    Example:
        >>> majority(["B", "A", None, "A"])
        Majority(letter='A', share=0.6666666666666666, counts={'B': 1, 'A': 2})
    """
    counts: dict[str, int] = {}
    for letter in letters:
        if letter is not None:
            counts[letter] = counts.get(letter, 0) + 1
    if not counts:
        return Majority(None, 0.0, counts)
    # A dict keeps first appearance and max() returns the first maximum, so a tie goes to the letter that came first.
    winner = max(counts, key=counts.__getitem__)
    return Majority(winner, counts[winner] / sum(counts.values()), counts)


def decided(letters_so_far: Sequence[str | None], remaining: int) -> bool:
    """Return True if the remaining votes cannot change the majority's letter.

    The answer is exact, ties included: a later stop wastes votes, an earlier one could change the result. A rival that
    appeared before the leader wins a tie, so it must stay behind. A rival that appeared after it, or not yet, may tie.

    Args:
        letters_so_far: First votes in sample order; None for an unparsed completion.
        remaining: Number of votes not requested yet, at least 0; each may be any letter or unparsed.

    Raises:
        ValueError: `remaining` is negative.

    Example:
        >>> decided(["A", "A", "B"], 1), decided(["B", "A", "A"], 1)
        (True, False)
    """
    if remaining < 0:
        raise ValueError(f"remaining must not be negative, got {remaining}")
    if remaining == 0:
        return True
    so_far = majority(letters_so_far)
    if so_far.letter is None:
        return False
    lead = so_far.counts[so_far.letter]
    before_leader = True
    for letter, votes in so_far.counts.items():
        if letter == so_far.letter:
            before_leader = False
        elif votes + remaining + before_leader > lead:
            return False
    return remaining <= lead


def votes_needed(letters: Sequence[str | None], votes: int) -> int:
    """Return the number of votes, requested one by one, after which the majority of all `votes` is decided.

    Args:
        letters: Votes in sample order, at least up to the decision; None for an unparsed completion.
        votes: Ensemble size, at least 1.

    Raises:
        ValueError: The letters end before the majority is decided.

    Example:
        >>> votes_needed(["A", "A", "A"], votes=5)
        3
    """
    for requested in range((votes + 1) // 2, votes + 1):  # before half of the votes no leader is out of reach
        if requested > len(letters):
            break
        if decided(letters[:requested], votes - requested):
            return requested
    raise ValueError(f"letters must decide a majority of votes={votes}, but {len(letters)} letters do not")
