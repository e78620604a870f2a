"""Questions and a numeric model, so that a search is fast."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import optuna
import pytest

from openmedlm.data import Question
from openmedlm.metrics import votes_needed
from openmedlm.optimizers.search.eval_schedule import EvalSchedule
from openmedlm.optimizers.search.trial_answers import QuestionVotes
from openmedlm.optimizers.search.trial_config import TrialConfig
from openmedlm.programs.option_order import derive_seed

optuna.logging.set_verbosity(optuna.logging.ERROR)


def questions(count: int) -> list[Question]:
    """Make questions that differ in text and gold letter."""
    return [
        Question(
            id=f"q{i}",
            benchmark="made",
            subject=None,
            split="dev",
            question=f"question {i}",
            context=(),
            options=dict.fromkeys("ABCD", "x"),
            answer="ABCD"[derive_seed("gold", i) % 4],
            explanation=None,
        )
        for i in range(count)
    ]


@dataclass
class Numbers:
    """Answer with an accuracy that depends on the configuration; a repeated vote is the same vote."""

    calls: list[tuple[TrialConfig, int]] = field(default_factory=list)

    def right(self, configuration: TrialConfig) -> float:
        """Return the share of right votes."""
        return 0.3 + 0.06 * min(configuration.k, 5) + 0.1 * configuration.strategy.startswith("knn")

    def evaluate(self, configuration: TrialConfig, questions: Sequence[Question]) -> list[QuestionVotes]:
        self.calls.append((configuration, len(questions)))
        return [self._answered(configuration, question) for question in questions]

    def _answered(self, configuration: TrialConfig, question: Question) -> QuestionVotes:
        family = (configuration.strategy, configuration.k, configuration.temperature, configuration.instructions)
        letters = []
        for vote in range(configuration.votes):
            luck = derive_seed(*family, question.id, vote if configuration.temperature else 0) % 1000
            others = [letter for letter in "ABCD" if letter != question.answer]
            hit = luck < 1000 * self.right(configuration)
            letters.append(question.answer if hit else others[luck % 3])
        needed = votes_needed(letters, configuration.votes)
        tokens = 100 * (1 + configuration.k)
        return QuestionVotes("".join(letters[:needed]), tokens * needed, 5 * needed)


@pytest.fixture(scope="session")
def made() -> Callable[[int], list[Question]]:
    """Function that makes questions."""
    return questions


@pytest.fixture
def numbers() -> Numbers:
    return Numbers()


@pytest.fixture
def schedule() -> EvalSchedule:
    return EvalSchedule(tuple(questions(120)), block=20)
