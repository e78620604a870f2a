"""A model whose true accuracies are known: what it would answer follows from a few numbers, without any text."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from data import Question
from metrics import votes_needed
from optimizers.tuning.configuration import Configuration
from optimizers.tuning.sheet import Answered
from programs.shuffle import derive_seed

LETTERS = np.array(list("ABCD"))
MAX_VOTES = 20
Letters = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SimulatedModel:
    """Answers four-option questions.

    The model has a score for each option of a question: how well it knows the answer, how tempting the others are, what
    the prompt adds on average and on this question, and a liking for early positions. A greedy vote takes the option of
    the highest score, a sampled one draws with the temperature. Which strategy is best, and how much exemplars, reasoning
    and temperature do, differs from seed to seed.

    Attributes:
        seed: of the model.
        questions: how many there are; the first ones are dev, the others what true accuracies are measured on.
        knowledge: mean advantage of the right option.
    """

    seed: int
    questions: int
    knowledge: float = 1.1

    def scores(self, point: Configuration) -> npt.NDArray[np.float64]:
        """(questions, 4): the score of each option, the right one first."""
        base = np.random.default_rng(derive_seed(self.seed, "questions"))
        scores = base.normal(0.0, 1.0, (self.questions, 4))
        scores[:, 0] += base.normal(self.knowledge, 1.6, self.questions)
        scores[:, 0] += self._effect(point)
        return scores + self._by_prompt(point)

    @cache  # noqa: B019
    def _taste(self) -> dict[str, float]:
        draw = np.random.default_rng(derive_seed(self.seed, "taste")).normal
        return {
            "few-shot": draw(0.15, 0.2), "knn-few-shot": draw(0.25, 0.25), "cot": draw(0.1, 0.5),
            "few-shot-cot": draw(0.25, 0.4), "knn-cot": draw(0.4, 0.4), "zero-shot": 0.0,
            "best k": float(np.clip(draw(5, 2.5), 1, 10)), "k": abs(draw(0.3, 0.1)),
            "physician": draw(0, 0.12), "careful": draw(0, 0.12), "short": draw(-0.1, 0.12), "default": 0.0,
            "first": draw(-0.05, 0.08), "position": abs(draw(0.3, 0.2)),
        }

    def _effect(self, point: Configuration) -> float:
        taste = self._taste()
        effect = taste[point.strategy] + taste[point.instructions]
        if point.k:
            effect -= taste["k"] * ((point.k - taste["best k"]) / 5) ** 2
        if point.order == "nearest-first":
            effect += taste["first"]
        return effect

    def _by_prompt(self, point: Configuration) -> npt.NDArray[np.float64]:
        """What a prompt does to single questions: most of it shared by prompts of one strategy."""
        parts = [("strategy", point.strategy), ("k", point.strategy, point.k), ("order", point.strategy, point.order)]
        total = np.zeros((self.questions, 4))
        for (*name,), size in zip([*parts, ("instructions", point.instructions)], (0.5, 0.35, 0.25, 0.35), strict=True):
            total += np.random.default_rng(derive_seed(self.seed, *name)).normal(0.0, size, (self.questions, 4))
        return total

    def votes(self, point: Configuration, votes: int, draw: object = "ours", rows: slice = slice(None)) -> Letters:
        """(questions, votes): the option of each vote, 0 the right one; equal draws give equal votes."""
        scores = self.scores(point)[rows]
        n = len(scores)
        prompt = (point.strategy, point.k, point.order, point.instructions, point.temperature, point.top_p)
        out = np.empty((n, votes), dtype=np.int64)
        places = np.random.default_rng(derive_seed(self.seed, "golds")).integers(0, 4, self.questions)[rows]
        own = (np.arange(4)[None, :] - places[:, None]) % 4
        for vote in range(votes):
            shuffled = point.shuffle and vote > 0
            rng = np.random.default_rng(derive_seed(self.seed, draw, "vote", *prompt, vote, shuffled))
            position = rng.permuted(np.tile(np.arange(4), (n, 1)), axis=1) if shuffled else own
            shown = scores - self._taste()["position"] * position
            if point.temperature:
                heat = 0.9 * point.temperature * (0.4 + 0.6 * (point.top_p or 1.0))
                if point.strategy.endswith("cot"):
                    heat += 0.25 * point.temperature
                shown = shown + heat * rng.gumbel(size=(n, 4))
            out[:, vote] = shown.argmax(axis=1)
        return out

    def right(self, point: Configuration, draw: object = "ours", rows: slice = slice(None)) -> npt.NDArray[np.bool_]:
        """(questions,): whether the majority is right."""
        votes = self.votes(point, point.votes, draw, rows)
        counts = (votes[:, :, None] == np.arange(4)).sum(axis=1) * 1000.0
        first = (votes[:, :, None] == np.arange(4)).argmax(axis=1)  # ties go to the letter that came first
        return (counts - first).argmax(axis=1) == 0


@dataclass
class SimulatedExaminer:
    """Has the simulated model answer, and counts what that would have bought.

    Attributes:
        dev: how many of the model's questions are dev; a question's id is its row.
        calls: votes bought so far; a vote that was bought before costs nothing.
    """

    model: SimulatedModel
    dev: int

    def __post_init__(self) -> None:
        self._bought: dict[tuple[object, ...], npt.NDArray[np.int64]] = {}
        self._letters: dict[Configuration, Letters] = {}
        self.calls = 0

    def examine(self, configuration: Configuration, questions: Sequence[Question]) -> list[Answered]:
        """The answers, stopped as soon as the majority is decided."""
        if configuration not in self._letters:
            self._letters[configuration] = self.model.votes(
                configuration, configuration.votes, rows=slice(0, self.dev)
            )
        answers = []
        for question in questions:
            row = int(question.id)
            letters = ["ABCD"[letter] for letter in self._letters[configuration][row]]
            needed = votes_needed(letters, configuration.votes)
            self._buy(configuration, row, needed)
            reasons = configuration.strategy.endswith("cot")
            tokens = 150 + configuration.k * (220 if reasons else 110)
            answers.append(
                Answered("".join(letters[:needed]), False, needed, tokens * needed, (250 if reasons else 3) * needed)
            )
        return answers

    def _buy(self, point: Configuration, row: int, votes: int) -> None:
        prompt = (point.strategy, point.k, point.order, point.instructions, point.temperature, point.top_p)
        for shuffled, first, last in ((False, 0, 1 if point.shuffle else votes), (True, 1, votes if point.shuffle else 0)):
            if last > first:
                have = self._bought.setdefault((*prompt, shuffled), np.zeros(self.dev, dtype=np.int64))
                self.calls += max(0, last - max(first, int(have[row])))
                have[row] = max(int(have[row]), last)


def simulated_questions(count: int) -> list[Question]:
    """Stand-ins for a dev split: the id is the model's row, the gold is A."""
    return [
        Question(
            id=str(row), benchmark="simulated", subject=None, split="dev", question=f"question {row}", context=None,
            options=dict.fromkeys("ABCD", ""), answer="A", explanation=None,
        )
        for row in range(count)
    ]
