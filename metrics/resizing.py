"""What a smaller ensemble came to, of the votes of a larger one."""

from dataclasses import replace

from openmedlm.metrics.outcome import Outcome
from openmedlm.metrics.voting import decided, majority, votes_needed


def with_votes(outcome: Outcome, votes: int) -> Outcome:
    """The outcome of an ensemble of `votes`, the first ones of the outcome's own: votes nest.

    Args:
        outcome: of an ensemble that is at least as large; its votes may have ended once they were decided.
        votes: the smaller size, at least 1.

    Raises:
        ValueError: the outcome's votes do not decide a majority of that size.
    """
    letters = [vote.letter for vote in outcome.votes]
    failed = next((place for place, vote in enumerate(outcome.votes[:votes]) if vote.error is not None), None)
    if failed is not None and not decided(letters[:failed], votes - failed):
        broken = outcome.votes[failed]
        return replace(
            outcome,
            answer=None,
            votes=outcome.votes[: failed + 1],
            error=broken.error,
            failure=broken.failure,
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
