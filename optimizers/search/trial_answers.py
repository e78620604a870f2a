"""Answers of one configuration, question by question, in the order that all configurations share.

Votes nest: the first n votes of a larger ensemble are the votes of the smaller one. One trial therefore gives the
accuracy and the cost of every ensemble size up to its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from openmedlm.metrics import Outcome, decided, majority, votes_needed

UNPARSED = "."
FAILED = "!"
"""Characters in a row of letters: a vote without a parsable letter, and a vote whose request failed."""


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """Cost of a token.

    Attributes:
        prompt, completion: Cost of one token.
        unit: `USD`; or `tokens`, prompt tokens, for a model without a known price.
    """

    prompt: float
    completion: float
    unit: str


UNPRICED = TokenPrices(1.0, 4.0, "tokens")
"""Prices of a model without one. Writing a token costs four times as much as reading one: the median over the 2,777
chat models with prices in litellm 1.106's map."""


@dataclass(frozen=True, slots=True)
class QuestionVotes:
    """Votes on one question.

    Attributes:
        letters: One character per requested vote, in sample order; `UNPARSED` for one without a letter, `FAILED` for a
            failed request.
        prompt_tokens, completion_tokens: Tokens of all its votes, cached ones included.
    """

    letters: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


def to_question_votes(outcome: Outcome) -> QuestionVotes:
    """Return the votes of an outcome."""
    return QuestionVotes(
        letters="".join(FAILED if vote.error else vote.letter or UNPARSED for vote in outcome.votes),
        prompt_tokens=sum(vote.prompt_tokens for vote in outcome.votes),
        completion_tokens=sum(vote.completion_tokens for vote in outcome.votes),
    )


@dataclass(frozen=True)
class TrialAnswers:
    """Answers to the first questions of a shared order.

    Attributes:
        answers: Votes, one entry per question.
        golds: Gold letter of each of those questions.
        votes: Ensemble size.
    """

    answers: tuple[QuestionVotes, ...]
    golds: str
    votes: int
    _correct: dict[int, list[bool]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.answers)

    def correct(self, votes: int | None = None) -> list[bool]:
        """Return one flag per question for an ensemble of that size; by default its own."""
        size = votes or self.votes
        if size not in self._correct:
            self._correct[size] = [
                _answer(answer.letters, size) == gold for answer, gold in zip(self.answers, self.golds, strict=True)
            ]
        return self._correct[size]

    def accuracy(self, votes: int | None = None) -> float:
        """Return the share of correct answers, failures counted as wrong; 0 without questions."""
        return sum(self.correct(votes)) / len(self) if len(self) else 0.0

    def votes_requested(self, votes: int | None = None) -> float:
        """Return the mean number of votes per question until the majority of an ensemble of that size is decided."""
        size = votes or self.votes
        needed = [_needed(answer.letters, size) for answer in self.answers]
        return sum(needed) / len(needed) if needed else 0.0

    def cost(self, prices: TokenPrices, votes: int | None = None) -> float:
        """Return the cost per question of an ensemble of that size, in the unit of the prices."""
        return self.votes_requested(votes) * self._vote_cost(prices)

    def _vote_cost(self, prices: TokenPrices) -> float:
        prompt = sum(answer.prompt_tokens for answer in self.answers)
        completion = sum(answer.completion_tokens for answer in self.answers)
        return (prompt * prices.prompt + completion * prices.completion) / max(self._votes_received, 1)

    @cached_property
    def _votes_received(self) -> int:
        return sum(len(answer.letters) for answer in self.answers)

    def extended(self, answers: Sequence[QuestionVotes], golds: str) -> "TrialAnswers":
        """Return the answers with those to further questions."""
        return TrialAnswers((*self.answers, *answers), self.golds + golds, self.votes)


def block_as_json(answers: Sequence[QuestionVotes]) -> dict[str, Any]:
    """Return answers as plain JSON values, one column per attribute."""
    return {
        "letters": [answer.letters for answer in answers],
        "prompt_tokens": [answer.prompt_tokens for answer in answers],
        "completion_tokens": [answer.completion_tokens for answer in answers],
    }


def block_from_json(values: Mapping[str, Any]) -> list[QuestionVotes]:
    """Return the answers that `block_as_json` wrote."""
    columns = zip(values["letters"], values["prompt_tokens"], values["completion_tokens"], strict=True)
    return [QuestionVotes(*row) for row in columns]


def _answer(row: str, votes: int) -> str | None:
    """Return the majority's letter at that size; None if a vote that it needs failed."""
    received, failed, _ = row[:votes].partition(FAILED)
    letters = _letters(received)
    return majority(letters).letter if not failed or decided(letters, votes - len(received)) else None


def _needed(row: str, votes: int) -> int:
    """Return the votes requested at that size, until the majority is decided or a request fails."""
    received, failed, _ = row[:votes].partition(FAILED)
    letters = _letters(received)
    if failed and not decided(letters, votes - len(received)):
        return len(received) + 1
    return votes_needed(letters, votes)


def _letters(row: str) -> list[str | None]:
    return [None if letter == UNPARSED else letter for letter in row]
