"""The majority of an ensemble's votes, and when it can no longer change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Majority:
    """What a question's votes came to.

    Attributes:
        letter: the most frequent letter, ties to the one that came first; None where no vote could be read.
        share: its votes over the readable votes, in [0, 1]; 0 where no vote could be read.
        counts: letter to votes, in order of first appearance.
    """

    letter: str | None
    share: float
    counts: Mapping[str, int]


def majority(letters: Sequence[str | None]) -> Majority:
    """The majority of the votes, in sample order; None stands for an unreadable one, which is no vote."""
    counts: dict[str, int] = {}
    for letter in letters:
        if letter is not None:
            counts[letter] = counts.get(letter, 0) + 1
    if not counts:
        return Majority(None, 0.0, counts)
    # A dict keeps first appearance and max() keeps the first of equals, so a tie goes to the letter that came first.
    winner = max(counts, key=counts.__getitem__)
    return Majority(winner, counts[winner] / sum(counts.values()), counts)


def decided(letters_so_far: Sequence[str | None], votes_still_to_come: int) -> bool:
    """Whether no outcome of the votes still to come can change the majority's letter.

    Exact, ties included: the vote may stop here without loss, and stopping any earlier could lose. A rival that
    appeared before the leader takes a tie, so it must stay behind; one that appeared after it, or has yet to
    appear, may draw level.

    Args:
        letters_so_far: the first votes in sample order; None stands for an unreadable one.
        votes_still_to_come: samples not yet asked for, each of which may turn out to be any letter or unreadable.

    Raises:
        ValueError: votes_still_to_come is negative.
    """
    if votes_still_to_come < 0:
        raise ValueError(f"votes_still_to_come must not be negative, got {votes_still_to_come}")
    if votes_still_to_come == 0:
        return True
    so_far = majority(letters_so_far)
    if so_far.letter is None:
        return False
    lead = so_far.counts[so_far.letter]
    before_leader = True
    for letter, votes in so_far.counts.items():
        if letter == so_far.letter:
            before_leader = False
        elif votes + votes_still_to_come + before_leader > lead:
            return False
    return votes_still_to_come <= lead


def votes_needed(letters: Sequence[str | None], votes: int) -> int:
    """How many of the first `votes` have to be bought, one after another, until the majority of them all is decided.

    Args:
        letters: of the votes in sample order, at least until it is decided.
        votes: the ensemble's size.

    Raises:
        ValueError: the letters end before the majority is decided.
    """
    for api_calls in range((votes + 1) // 2, votes + 1):  # no leader is out of reach before half of the votes
        if api_calls > len(letters):
            break
        if decided(letters[:api_calls], votes - api_calls):
            return api_calls
    raise ValueError(f"{len(letters)} letters do not decide a majority of {votes} votes")
