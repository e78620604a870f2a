"""Evaluators that send a configuration's requests to the endpoint."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from openmedlm.data import Question, UserError
from openmedlm.inference import AnyEngine, Budget, wait_for
from openmedlm.metrics import Outcome, with_votes
from openmedlm.optimizers.search.defaults import MAX_FAILED_SHARE
from openmedlm.optimizers.search.trial_answers import QuestionVotes, to_question_votes
from openmedlm.optimizers.search.trial_config import TrialConfig
from openmedlm.runs.call_settings import Connection
from openmedlm.tuning.plan import TuningPlan


class EngineEvaluator:
    """Evaluates configurations with the engine, within its budget; cached completions are used first.

    Args:
        plan: Plan of the study.
        engine: Engine that answers.
        runner: Event loop of the engine.

    Attributes:
        plan: Plan of the study.
    """

    def __init__(self, plan: TuningPlan, engine: AnyEngine, runner: asyncio.Runner) -> None:
        self.plan = plan
        self._engine = engine
        self._runner = runner

    def fitted(self) -> "EngineEvaluator":
        """Return the evaluator of the plan for a model that thinks, if the first questions show that it may.

        The requests are those of the first trial.

        Raises:
            BudgetExceeded, EndpointDownError: See `evaluate`.
        """
        search = self.plan.search
        if not self.plan.calls.endpoint.may_think:
            return self
        program = self.plan.factory.program(search.first_configuration())
        questions = self.plan.search_set.questions
        # Completions that never end may be thoughts, too: thinking off is then worth a trial.
        if not any(wait_for(self._engine.detect_thinking(program, questions), self._runner)):
            return self
        return EngineEvaluator(self.plan.for_thinking(), self._engine, self._runner)

    def evaluate(self, configuration: TrialConfig, questions: Sequence[Question]) -> list[QuestionVotes]:
        """Return the answers, in the order of the questions.

        Raises:
            BudgetExceeded: A limit is reached.
            EndpointDownError: The endpoint does not answer at all.
            UserError: More than a tenth of the questions got no answer from the endpoint.
        """
        return [to_question_votes(outcome) for outcome in self.outcomes(configuration, questions)]

    def outcomes(self, configuration: TrialConfig, questions: Sequence[Question]) -> Sequence[Outcome]:
        """Return the same as `evaluate`, with the text of every vote."""
        program = self.plan.factory.program(configuration)
        before = self._engine.transient_failures
        outcomes = wait_for(self._engine.run(program, questions), self._runner)
        errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        failures = min(self._engine.transient_failures - before, len(errors))
        if failures > max(1, MAX_FAILED_SHARE * len(questions)):
            raise UserError(
                f"{failures} of {len(questions)} questions got no answer from {self.plan.calls.endpoint.model}: "
                f"{errors[-1]}. Completions are cached; rerun the same command when the endpoint answers."
            )
        return outcomes


class RecordingEvaluator:
    """Evaluator that records outcomes, so that those of a smaller ensemble need no further request."""

    def __init__(self, evaluator: EngineEvaluator) -> None:
        self._evaluator = evaluator
        self._outcomes: dict[tuple[TrialConfig, str], Outcome] = {}

    def evaluate(self, configuration: TrialConfig, questions: Sequence[Question]) -> list[QuestionVotes]:
        """Return the same as `EngineEvaluator.evaluate`."""
        outcomes = self._evaluator.outcomes(configuration, questions)
        self._outcomes |= {(configuration, outcome.question_id): outcome for outcome in outcomes}
        return [to_question_votes(outcome) for outcome in outcomes]

    def outcomes(self, configuration: TrialConfig, votes: int, questions: Sequence[Question]) -> list[Outcome]:
        """Return the outcomes of the first votes of a configuration, on questions that were evaluated."""
        return [with_votes(self._outcomes[configuration, question.id], votes) for question in questions]


@contextmanager
def open_evaluator(plan: TuningPlan, connection: Connection, budget: Budget) -> Iterator[EngineEvaluator]:
    """Open the evaluator of a plan; its connections stay open while the context lasts.

    Raises:
        EndpointDownError: The endpoint does not answer.
    """
    opening = connection.engine(budget)
    with asyncio.Runner() as runner:
        engine = runner.run(opening.__aenter__())
        try:
            yield EngineEvaluator(plan, engine, runner)
        finally:
            runner.run(opening.__aexit__(None, None, None))
