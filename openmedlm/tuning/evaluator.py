"""Has configurations answered at a real endpoint."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from openmedlm.data import BadInput, Question
from openmedlm.inference import AnyEngine, Budget, Endpoint, VoteStore, open_engine, wait_for
from openmedlm.metrics import Outcome, resized
from openmedlm.optimizers.search.trial_answers import Answered, answered
from openmedlm.optimizers.search.trial_config import Configuration
from openmedlm.tuning.plan import TuningPlan

LOST_SHARE = 0.1
"""Share of a block's questions that an endpoint in trouble may leave unanswered; a configuration must not be judged by
its endpoint."""


class EngineExaminer:
    """Has configurations answered by the engine, from the vote store where it can, within a budget.

    Args:
        plan: whose configurations they are.
        engine: answers.
        runner: runs it.
    """

    def __init__(self, plan: TuningPlan, engine: AnyEngine, runner: asyncio.Runner) -> None:
        self._plan = plan
        self._engine = engine
        self._runner = runner

    def examine(self, configuration: Configuration, questions: Sequence[Question]) -> list[Answered]:
        """The answers, in the order of the questions.

        Raises:
            BudgetSpent: a limit is reached.
            EndpointDownError: nothing can be had of the endpoint.
            BadInput: it left too many questions without an answer for the others to say anything.
        """
        return [answered(outcome) for outcome in self.outcomes(configuration, questions)]

    def outcomes(self, configuration: Configuration, questions: Sequence[Question]) -> Sequence[Outcome]:
        """The same with every vote as the model wrote it."""
        program = self._plan.workshop.program(configuration)
        before = self._engine.lost
        outcomes = wait_for(self._engine.run(program, questions), self._runner)
        failed = [outcome.error for outcome in outcomes if outcome.error is not None]
        lost = min(self._engine.lost - before, len(failed))
        if lost > max(1, LOST_SHARE * len(questions)):
            raise BadInput(
                f"{self._plan.endpoint.model}: the endpoint left {lost} of {len(questions)} questions without an "
                f"answer ({failed[-1]}); what was bought is kept, and the same command goes on once it answers"
            )
        return outcomes


class KeepingExaminer:
    """An examiner that keeps what it is answered, so that a smaller ensemble's outcomes need no further vote."""

    def __init__(self, examiner: EngineExaminer) -> None:
        self._examiner = examiner
        self._outcomes: dict[tuple[Configuration, str], Outcome] = {}

    def examine(self, configuration: Configuration, questions: Sequence[Question]) -> list[Answered]:
        """As `EngineExaminer.examine`."""
        outcomes = self._examiner.outcomes(configuration, questions)
        self._outcomes |= {(configuration, outcome.question_id): outcome for outcome in outcomes}
        return [answered(outcome) for outcome in outcomes]

    def outcomes(self, configuration: Configuration, votes: int, questions: Sequence[Question]) -> list[Outcome]:
        """The outcomes of the configuration's first votes, on questions that it was examined on."""
        return [resized(self._outcomes[configuration, question.id], votes) for question in questions]


@contextmanager
def examining(plan: TuningPlan, endpoint: Endpoint, store: VoteStore, budget: Budget) -> Iterator[EngineExaminer]:
    """The examiner of a plan, its connections open for as long as the context lasts.

    Raises:
        EndpointDownError: the endpoint does not answer.
    """
    opening = open_engine(endpoint, store, plan.policy, plan.call_timeout, budget, plan.cluster)
    with asyncio.Runner() as runner:
        engine = runner.run(opening.__aenter__())
        try:
            yield EngineExaminer(plan, engine, runner)
        finally:
            runner.run(opening.__aexit__(None, None, None))
