"""Has configurations answered at a real endpoint."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from openmedlm.data import Question, UserError
from openmedlm.inference import AnyEngine, Budget, CompletionCache, Endpoint, open_engine, wait_for
from openmedlm.metrics import Outcome, with_votes
from openmedlm.optimizers.search.trial_answers import QuestionVotes, to_question_votes
from openmedlm.optimizers.search.trial_config import TrialConfig
from openmedlm.tuning.plan import TuningPlan

LOST_SHARE = 0.1
"""Share of a block's questions that an endpoint in trouble may leave unanswered; a configuration must not be judged by
its endpoint."""


class EngineEvaluator:
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

    def evaluate(self, configuration: TrialConfig, questions: Sequence[Question]) -> list[QuestionVotes]:
        """The answers, in the order of the questions.

        Raises:
            BudgetExceeded: a limit is reached.
            EndpointDownError: nothing can be had of the endpoint.
            UserError: it left too many questions without an answer for the others to say anything.
        """
        return [to_question_votes(outcome) for outcome in self.outcomes(configuration, questions)]

    def outcomes(self, configuration: TrialConfig, questions: Sequence[Question]) -> Sequence[Outcome]:
        """The same with every vote as the model wrote it."""
        program = self._plan.program_factory.program(configuration)
        before = self._engine.transient_failures
        outcomes = wait_for(self._engine.run(program, questions), self._runner)
        failed = [outcome.error for outcome in outcomes if outcome.error is not None]
        transient_failures = min(self._engine.transient_failures - before, len(failed))
        if transient_failures > max(1, LOST_SHARE * len(questions)):
            raise UserError(
                f"{self._plan.endpoint.model}: {transient_failures} of {len(questions)} questions got no answer from "
                f"the endpoint ({failed[-1]}). Completions are cached; rerun the same command once it answers."
            )
        return outcomes


class RecordingEvaluator:
    """An examiner that keeps what it is answered, so that a smaller ensemble's outcomes need no further vote."""

    def __init__(self, evaluator: EngineEvaluator) -> None:
        self._examiner = evaluator
        self._outcomes: dict[tuple[TrialConfig, str], Outcome] = {}

    def evaluate(self, configuration: TrialConfig, questions: Sequence[Question]) -> list[QuestionVotes]:
        """As `EngineEvaluator.evaluate`."""
        outcomes = self._examiner.outcomes(configuration, questions)
        self._outcomes |= {(configuration, outcome.question_id): outcome for outcome in outcomes}
        return [to_question_votes(outcome) for outcome in outcomes]

    def outcomes(self, configuration: TrialConfig, votes: int, questions: Sequence[Question]) -> list[Outcome]:
        """The outcomes of the configuration's first votes, on questions that it was examined on."""
        return [with_votes(self._outcomes[configuration, question.id], votes) for question in questions]


@contextmanager
def open_evaluator(
    plan: TuningPlan, endpoint: Endpoint, store: CompletionCache, budget: Budget
) -> Iterator[EngineEvaluator]:
    """The examiner of a plan, its connections open for as long as the context lasts.

    Raises:
        EndpointDownError: the endpoint does not answer.
    """
    opening = open_engine(endpoint, store, plan.policy, plan.call_timeout, budget, plan.cluster)
    with asyncio.Runner() as runner:
        engine = runner.run(opening.__aenter__())
        try:
            yield EngineEvaluator(plan, engine, runner)
        finally:
            runner.run(opening.__aexit__(None, None, None))
