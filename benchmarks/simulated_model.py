"""A model with known true accuracies: its answers follow from a few numbers, without any text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from openmedlm.data import Question
from openmedlm.metrics import votes_needed
from openmedlm.optimizers.search.trial_answers import QuestionVotes
from openmedlm.optimizers.search.trial_config import TrialConfig
from openmedlm.programs.option_order import derive_seed

Letters = npt.NDArray[np.int64]

DEV_DRAW = "bought"
"""Seed of the votes on dev. It never changes, so that the published numbers of docs/tuning.md stay reproducible."""


def random_of(*parts: object) -> np.random.Generator:
    """Return a generator seeded by its purpose."""
    return np.random.default_rng(derive_seed(*parts))


class Model(Protocol):
    """A model that a search evaluates."""

    def votes(self, point: TrialConfig, draw: object, rows: slice) -> Letters:
        """Return the option of each vote, 0 for the right one: (questions, votes). Equal draws give equal votes."""


@dataclass(frozen=True)
class SimulatedModel:
    """Answer four-option questions.

    The model has a score for each option of a question: its knowledge of the answer, the appeal of the others, the
    effect of the prompt on average and on this question, and a preference for early positions. A greedy vote takes the
    option with the highest score; a sampled one adds noise that grows with temperature and top_p. The best strategy and
    the effects of exemplars, reasoning and instructions differ from seed to seed.

    Attributes:
        seed: Seed of the model.
        questions: Number of questions; the first ones are dev, the others measure true accuracies.
    """

    seed: int
    questions: int

    def votes(self, point: TrialConfig, draw: object, rows: slice) -> Letters:
        """Return the option of each vote, 0 for the right one: (questions, votes). Equal draws give equal votes."""
        scores = self._scores(point)[rows]
        count = len(scores)
        golds = random_of(self.seed, "golds").integers(0, 4, self.questions)[rows]
        own = (np.arange(4)[None, :] - golds[:, None]) % 4
        heat = 0.9 * point.temperature * (0.4 + 0.6 * (point.top_p or 1.0))
        if point.strategy.endswith("cot"):
            heat += 0.25 * point.temperature
        votes = np.empty((count, point.votes), dtype=np.int64)
        for vote in range(point.votes):
            shuffled = point.shuffle and vote > 0
            random = random_of(self.seed, draw, "vote", *request(point), vote, shuffled)
            places = random.permuted(np.tile(np.arange(4), (count, 1)), axis=1) if shuffled else own
            shown = scores - self._taste["position"] * places
            votes[:, vote] = (shown + heat * random.gumbel(size=(count, 4)) if heat else shown).argmax(axis=1)
        return votes

    def _scores(self, point: TrialConfig) -> npt.NDArray[np.float64]:
        """Return the score of each option, the right one first: (questions, 4)."""
        base = random_of(self.seed, "questions")
        scores = base.normal(0.0, 1.0, (self.questions, 4))
        scores[:, 0] += base.normal(1.1, 1.6, self.questions) + self._effect(point)
        prompts = (
            (0.5, ("strategy", point.strategy)),
            (0.35, ("k", point.strategy, point.k)),
            (0.25, ("order", point.strategy, point.order)),
            (0.35, ("instructions", point.instructions)),
        )
        for size, name in prompts:
            scores += random_of(self.seed, *name).normal(0.0, size, (self.questions, 4))
        return scores

    @cached_property
    def _taste(self) -> dict[str, float]:
        """Effect of each option on this model."""
        draw = random_of(self.seed, "taste").normal
        return {
            "few-shot": draw(0.15, 0.2),
            "knn-few-shot": draw(0.25, 0.25),
            "cot": draw(0.1, 0.5),
            "few-shot-cot": draw(0.25, 0.4),
            "knn-cot": draw(0.4, 0.4),
            "zero-shot": 0.0,
            "best k": float(np.clip(draw(5, 2.5), 1, 10)),
            "k": abs(draw(0.3, 0.1)),
            "physician": draw(0, 0.12),
            "careful": draw(0, 0.12),
            "short": draw(-0.1, 0.12),
            "default": 0.0,
            "nearest-first": draw(-0.05, 0.08),
            "nearest-last": 0.0,
            "position": abs(draw(0.3, 0.2)),
        }

    def _effect(self, point: TrialConfig) -> float:
        taste = self._taste
        effect = taste[point.strategy] + taste[point.instructions] + taste[point.order]
        if point.k:
            effect -= taste["k"] * ((point.k - taste["best k"]) / 5) ** 2
        return effect


def majority_right(votes: Letters) -> npt.NDArray[np.bool_]:
    """Return True where the majority of (questions, votes) is option 0: (questions,); a tie goes to the first vote."""
    cast = votes[:, :, None] == np.arange(4)
    return (cast.sum(axis=1) * 1000 - cast.argmax(axis=1)).argmax(axis=1) == 0


def request(point: TrialConfig) -> tuple[object, ...]:
    """Return the options that two configurations share if their votes are the same requests."""
    return point.strategy, point.k, point.order, point.instructions, point.temperature, point.top_p


@dataclass
class Counts:
    """Votes that a study requests, with all savings and without one of them."""

    api_calls: int = 0
    no_early_stop: int = 0
    no_nesting: int = 0
    nothing_shared: int = 0


@dataclass
class SimulatedEvaluator:
    """Evaluate configurations with a model, and count the requested votes.

    Attributes:
        model: Model that answers.
        dev: Number of dev questions; a question's id is its row.
    """

    model: Model
    dev: int
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self._letters: dict[TrialConfig, Letters] = {}
        self._asked: dict[tuple[object, ...], Letters] = {}

    def evaluate(self, configuration: TrialConfig, questions: Sequence[Question]) -> list[QuestionVotes]:
        """Return the answers; votes stop as soon as the majority is decided."""
        if configuration not in self._letters:
            self._letters[configuration] = self.model.votes(configuration, DEV_DRAW, slice(0, self.dev))
        return [self._answered(configuration, int(question.id)) for question in questions]

    def _answered(self, point: TrialConfig, row: int) -> QuestionVotes:
        letters = ["ABCD"[letter] for letter in self._letters[point][row]]
        needed = votes_needed(letters, point.votes)
        # A vote after the first shows its own order of the options where they are shuffled, the first never does.
        plain, shuffled = (1, needed - 1) if point.shuffle else (needed, 0)
        families = (((*request(point), False), plain), ((*request(point), True), shuffled))
        self.counts.api_calls += sum(self._new("requested", family, row, votes) for family, votes in families)
        all_plain, all_shuffled = (1, point.votes - 1) if point.shuffle else (point.votes, 0)
        full = ((families[0][0], all_plain), (families[1][0], all_shuffled))
        self.counts.no_early_stop += sum(self._new("full", family, row, votes) for family, votes in full)
        self.counts.no_nesting += self._new("sized", (point,), row, needed)
        self.counts.nothing_shared += needed
        reasons = point.strategy.endswith("cot")
        prompt = 150 + point.k * (220 if reasons else 110)
        return QuestionVotes("".join(letters[:needed]), prompt * needed, (250 if reasons else 3) * needed)

    def _new(self, saving: str, family: tuple[object, ...], row: int, votes: int) -> int:
        """Return how many of the first votes of a family are new requests."""
        had = self._asked.setdefault((saving, *family), np.zeros(self.dev, dtype=np.int64))
        new = max(0, votes - int(had[row]))
        had[row] += new
        return new


def simulated_questions(count: int) -> list[Question]:
    """Make placeholders for a dev split: the id is the model's row, the gold is A."""
    return [
        Question(
            id=str(row),
            benchmark="simulated",
            subject=None,
            split="dev",
            question=f"question {row}",
            context=(),
            options=dict.fromkeys("ABCD", ""),
            answer="A",
            explanation=None,
        )
        for row in range(count)
    ]
