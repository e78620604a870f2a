"""What a configuration answered, question by question, in the order that all configurations share.

Votes nest: the first n votes of a larger ensemble are the votes of the smaller one, so that one sheet tells the
accuracy and the cost of every size up to its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from openmedlm.metrics import Outcome, decided, majority, votes_needed

UNPARSED = "."
FAILED = "!"
"""A vote that can't be read, and one that could not be had, in a row of letters."""


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """What a token costs.

    Attributes:
        prompt, completion: of one token.
        unit: `USD`; or `tokens`, prompt tokens, where no price is known.
    """

    prompt: float
    completion: float
    unit: str


UNPRICED = TokenPrices(1.0, 4.0, "tokens")
"""Of a model without a price. Writing a token costs four times reading one: the median over the 2,777 chat models with
prices in litellm 1.106's map."""


@dataclass(frozen=True, slots=True)
class QuestionVotes:
    """The votes on one question.

    Attributes:
        letters: a character a vote that was asked for, in sample order; `UNPARSED` where it names no letter, `FAILED`
            where it could not be had.
        prompt_tokens, completion_tokens: of all its votes, whether bought now or earlier.
    """

    letters: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


def to_question_votes(outcome: Outcome) -> QuestionVotes:
    """The votes of an outcome."""
    return QuestionVotes(
        letters="".join(FAILED if vote.error else vote.letter or UNPARSED for vote in outcome.votes),
        prompt_tokens=sum(vote.prompt_tokens for vote in outcome.votes),
        completion_tokens=sum(vote.completion_tokens for vote in outcome.votes),
    )


@dataclass(frozen=True)
class TrialAnswers:
    """Answers to the first questions of a shared order.

    Attributes:
        answers: one a question.
        golds: the right letter of each of those questions.
        votes: the ensemble's size.
    """

    answers: tuple[QuestionVotes, ...]
    golds: str
    votes: int
    _right: dict[int, list[bool]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.answers)

    def correct(self, votes: int | None = None) -> list[bool]:
        """Which questions an ensemble of that size answers right; its own size without one."""
        size = votes or self.votes
        if size not in self._right:
            self._right[size] = [
                _answer(answer.letters, size) == gold for answer, gold in zip(self.answers, self.golds, strict=True)
            ]
        return self._right[size]

    def accuracy(self, votes: int | None = None) -> float:
        """Share of right answers, failures counted as not right; 0 without questions."""
        return sum(self.correct(votes)) / len(self) if len(self) else 0.0

    def votes_requested(self, votes: int | None = None) -> float:
        """Votes a question that an ensemble of that size needs until its majority is decided, on average."""
        size = votes or self.votes
        needed = [_needed(answer.letters, size) for answer in self.answers]
        return sum(needed) / len(needed) if needed else 0.0

    def cost(self, rates: TokenPrices, votes: int | None = None) -> float:
        """What a question costs with an ensemble of that size, in the rates' unit."""
        return self.votes_requested(votes) * self._vote_cost(rates)

    def _vote_cost(self, rates: TokenPrices) -> float:
        prompt = sum(answer.prompt_tokens for answer in self.answers)
        completion = sum(answer.completion_tokens for answer in self.answers)
        return (prompt * rates.prompt + completion * rates.completion) / max(self._votes_at_hand, 1)

    @cached_property
    def _votes_at_hand(self) -> int:
        return sum(len(answer.letters) for answer in self.answers)

    def extended(self, answers: Sequence[QuestionVotes], golds: str) -> "TrialAnswers":
        """The sheet with further questions."""
        return TrialAnswers((*self.answers, *answers), self.golds + golds, self.votes)


def block_as_json(answers: Sequence[QuestionVotes]) -> dict[str, Any]:
    """Answers as plain JSON values, a column an attribute."""
    return {
        "letters": [answer.letters for answer in answers],
        "prompt_tokens": [answer.prompt_tokens for answer in answers],
        "completion_tokens": [answer.completion_tokens for answer in answers],
    }


def block_from_json(values: Mapping[str, Any]) -> list[QuestionVotes]:
    """The answers that `block_as_json` wrote down."""
    columns = zip(values["letters"], values["prompt_tokens"], values["completion_tokens"], strict=True)
    return [QuestionVotes(*row) for row in columns]


def _answer(row: str, votes: int) -> str | None:
    """The majority's letter at that size; None where a vote that it needs could not be had."""
    had, failed, _ = row[:votes].partition(FAILED)
    letters = _letters(had)
    return majority(letters).letter if not failed or decided(letters, votes - len(had)) else None


def _needed(row: str, votes: int) -> int:
    """Votes that are asked for at that size, until the majority is decided or one can't be had."""
    had, failed, _ = row[:votes].partition(FAILED)
    letters = _letters(had)
    if failed and not decided(letters, votes - len(had)):
        return len(had) + 1
    return votes_needed(letters, votes)


def _letters(row: str) -> list[str | None]:
    return [None if letter == UNPARSED else letter for letter in row]
