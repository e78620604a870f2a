"""The search as a DSPy optimizer: through DSPy's own language model, without engine or vote store."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path

import dspy
import optuna
from dspy.teleprompt import Teleprompter

from openmedlm.data import Question
from openmedlm.optimizers.program_config import ProgramConfig
from openmedlm.optimizers.search.eval_schedule import EvalSchedule, split_dev
from openmedlm.optimizers.search.finalists import Candidate, candidates, evaluate, finalists, winner
from openmedlm.optimizers.search.program_factory import ProgramFactory
from openmedlm.optimizers.search.space import Space
from openmedlm.optimizers.search.study import Evaluator, Search
from openmedlm.optimizers.search.trial_answers import FAILED, UNPARSED, QuestionVotes
from openmedlm.optimizers.search.trial_config import TrialConfig
from openmedlm.optimizers.trainset import MissingRationales
from openmedlm.programs.convert import to_question
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.prompt_length import count_characters, to_tokens
from openmedlm.programs.prompt_program import SamplePrompt
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.to_module import to_module


class TuneStrategy(Teleprompter):
    """Searches strategy, k, temperature, ensemble size and more with Optuna, and gives the best program as a module.

    It does what `openmedlm tune` does, with the language model that DSPy is configured with. Votes that were asked
    before come from DSPy's own cache; a question that the language model refuses counts as not answered. The command
    has what this has not: budgets, votes that are stopped once they are decided, studies that go on after a kill.

    Args:
        space: what may be chosen; the whole space without one.
        trials: configurations to try.
        seed: of the search, and of orders and samples in the programs.
        tune_share: share of the valset that ranks configurations; the rest chooses among the best.
        threads: questions asked side by side.
        cache: folder in which vectors are kept, so that each is computed once; None keeps none.
    """

    def __init__(
        self,
        space: Space | None = None,
        trials: int = 50,
        seed: int = 0,
        tune_share: float = 0.5,
        threads: int = 8,
        cache: Path | None = None,
    ) -> None:
        super().__init__()
        self.space = space or Space()
        self.trials = trials
        self.seed = seed
        self.tune_share = tune_share
        self.threads = threads
        self.cache = cache

    def compile(
        self, student: Strategy, *, trainset: Sequence[dspy.Example], valset: Sequence[dspy.Example]
    ) -> Strategy | MajorityEnsemble:
        """The best program that the search found; `study` on it is the Optuna study.

        Args:
            student: any strategy: its template and `top_k` are kept, whichever strategy wins.
            trainset: the pool of exemplars; see `openmedlm.programs.to_demo`. Strategies that it can't serve are left
                out.
            valset: questions with their answers, at least 2.
        """
        questions = [_with_id(to_question(example), number) for number, example in enumerate(valset)]
        tune, select = split_dev(questions, self.seed, self.tune_share)
        choices = ProgramConfig(template=student.form.template, top_k=student.decode.top_k, seed=self.seed)
        program_factory = ProgramFactory(self.space, choices, trainset, trainset, self.cache)
        search = Search(self.space.without(_lacking(program_factory, self.space)), seed=self.seed)
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            study, best = self._searched(search, tune, select, _DspyExaminer(program_factory, self.threads))
        finally:
            optuna.logging.set_verbosity(verbosity)
        compiled = to_module(program_factory.program(best.configuration))
        compiled.study = study
        compiled._compiled = True
        return compiled

    def _searched(
        self, search: Search, tune: EvalSchedule, select: EvalSchedule, evaluator: Evaluator
    ) -> tuple[optuna.Study, Candidate]:
        study = optuna.create_study(directions=search.directions())
        search.run(study, tune, evaluator, self.trials)
        chosen = finalists(candidates(study, tune.golds), search.objective, search.rates, search.alpha)
        return study, winner(list(evaluate(chosen, select, evaluator, search.alpha)), search.objective, search.rates)


class _DspyExaminer:
    """Has configurations answered by their DSPy modules."""

    def __init__(self, program_factory: ProgramFactory, threads: int) -> None:
        self._workshop = program_factory
        self._threads = threads

    def evaluate(self, configuration: TrialConfig, questions: Sequence[Question]) -> list[QuestionVotes]:
        program = self._workshop.program(configuration)
        module = to_module(program)
        with ThreadPoolExecutor(
            self._threads
        ) as threads:  # each in a copy of the context, where DSPy keeps its settings
            asked = [threads.submit(copy_context().run, _ask, module, question) for question in questions]
            predictions = [one.result() if one.exception() is None else None for one in asked]
        selections = program.exemplars.choose(questions)
        return [
            _answered(program.sample_prompts(question, selection.exemplars), prediction)
            for question, selection, prediction in zip(questions, selections, predictions, strict=True)
        ]


def _ask(module: Strategy | MajorityEnsemble, question: Question) -> dspy.Prediction:
    return module(question=question.question, options=question.options, context=list(question.context) or None)


def _answered(sample_prompts: Sequence[SamplePrompt], prediction: dspy.Prediction | None) -> QuestionVotes:
    """The votes, and their tokens by the length of the text: DSPy forgets the usage of what its cache answers."""
    if prediction is None:
        return QuestionVotes(FAILED)
    votes = prediction.get("votes") or [prediction.answer]
    shown = sum(count_characters(sample_prompt.prompt) for sample_prompt in sample_prompts)
    written = len(votes) * (len(prediction.get("reasoning") or "") + 1)
    return QuestionVotes(
        "".join(letter or UNPARSED for letter in votes),
        prompt_tokens=to_tokens(shown),
        completion_tokens=to_tokens(written) + 1,
    )


def _lacking(program_factory: ProgramFactory, space: Space) -> list[str]:
    lacking: list[str] = []
    for name in space.strategy:
        try:
            program_factory.compiled(name)
        except MissingRationales:
            lacking.append(name)
    return lacking


def _with_id(question: Question, number: int) -> Question:
    return question if question.id else replace(question, id=str(number))
