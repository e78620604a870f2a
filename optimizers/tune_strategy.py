"""The search as a DSPy optimizer, through DSPy's own language model."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path

import dspy
import optuna
from dspy.teleprompt import Teleprompter

from openmedlm.data import Question, UserError
from openmedlm.optimizers.program_config import ProgramConfig
from openmedlm.optimizers.search.defaults import MAX_FAILED_SHARE
from openmedlm.optimizers.search.eval_schedule import EvalSchedule, split_dev
from openmedlm.optimizers.search.finalists import Candidate, candidates, evaluate, finalists, winner
from openmedlm.optimizers.search.program_factory import ProgramFactory
from openmedlm.optimizers.search.space import Space
from openmedlm.optimizers.search.study import Evaluator, Search
from openmedlm.optimizers.search.trial_answers import FAILED, UNPARSED, QuestionVotes
from openmedlm.optimizers.search.trial_config import DEFAULT, TrialConfig
from openmedlm.optimizers.trainset import MissingRationales, check_examples, check_student
from openmedlm.programs.convert import to_question
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.prompt_length import count_characters, to_tokens
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt
from openmedlm.programs.signature import MultipleChoiceQA
from openmedlm.programs.strategy import Strategy, default_sampling_params
from openmedlm.programs.to_module import to_module


class TuneStrategy(Teleprompter):
    """Search strategy, k, temperature, ensemble size and more with Optuna, and return the best program as a module.

    It is the search of `openmedlm tune` with the language model that DSPy is configured with; repeated requests come
    from DSPy's own cache. The command adds budgets, votes that stop once they are decided, and studies that resume.

    Args:
        space: The search space. Default: the whole space, with the model's own thinking; for a model that thinks, name
            `thinking` and `thinking_tokens`, since plain DSPy does not find out whether it does.
        trials: Number of configurations to try, at least 1.
        seed: Seed of the search, and of option orders and samples in the programs.
        search_share: Share of the valset in the search set, which ranks configurations; the holdout set, the rest,
            picks the winner. Between 0 and 1 exclusive.
        num_threads: Number of concurrent questions.
        cache: Folder of cached vectors, so that each is computed once. None caches none.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> import dspy
        >>> from openmedlm import ZeroShot, load_benchmark
        >>> from openmedlm.optimizers import Space, TuneStrategy
        >>> dspy.configure(lm=dspy.LM("openai/NAME", api_base="http://127.0.0.1:8000/v1", api_key="-"))
        >>> mmlu = load_benchmark("mmlu", "sample")
        >>> optimizer = TuneStrategy(Space(strategy=("zero-shot", "few-shot"), k=(3, 5)), trials=2)
        >>> program = optimizer.compile(ZeroShot(), trainset=mmlu.train, valset=mmlu.dev)
        >>> program.name in ("zero-shot", "few-shot")
        True
    """

    def __init__(
        self,
        space: Space | None = None,
        trials: int = 50,
        seed: int = 0,
        search_share: float = 0.5,
        num_threads: int = 8,
        cache: str | Path | None = None,
    ) -> None:
        if trials < 1:
            raise ValueError(f"trials must be at least 1, got {trials}")
        if num_threads < 1:
            raise ValueError(f"num_threads must be at least 1, got {num_threads}")
        if not 0 < search_share < 1:
            raise ValueError(f"search_share must be between 0 and 1 exclusive, got {search_share}")
        super().__init__()
        self.space = space or Space()
        self.trials = trials
        self.seed = seed
        self.search_share = search_share
        self.num_threads = num_threads
        self.cache = Path(cache) if cache is not None else None

    def compile(
        self, student: Strategy, *, trainset: Sequence[dspy.Example], valset: Sequence[dspy.Example] | None = None
    ) -> Strategy | MajorityEnsemble:
        """Return the best program of the search; its attribute `study` is the Optuna study.

        Args:
            student: Any single strategy. Its template, `top_k`, thinking, further request fields and, where they are
                not the defaults, its instructions and `max_tokens` apply to every program of the search.
            trainset: The pool of exemplars; see `openmedlm.programs.to_demo`. The search leaves out strategies that it
                lacks rationales for.
            valset: At least 2 labelled questions, which score the programs.

        Raises:
            TypeError: The student is not a single strategy.
            UserError: The trainset or valset has no labelled questions, the trainset lacks the rationales of every
                strategy, or more than a tenth of a block of questions got no answer from the language model.
        """
        name = type(self).__name__
        student = check_student(student, name)
        check_examples(trainset, "trainset", name)
        if valset is None or len(check_examples(valset, "valset", name)) < 2:
            given = "none" if valset is None else "1 question"
            raise UserError(
                f"too small valset in {name}.compile: {given}. Pass at least 2 questions that score programs."
            )
        questions = [_with_id(to_question(example), number) for number, example in enumerate(valset)]
        share = min(max(self.search_share, 1 / len(questions)), 1 - 1 / len(questions))
        search_set, holdout = split_dev(questions, self.seed, share)
        config = _config(student, self.seed)
        # Own instructions are the program's default ones; the other entries of the space would replace them.
        space = (
            self.space if config.instructions is None else self.space.model_copy(update={"instructions": (DEFAULT,)})
        )
        factory = ProgramFactory(space, config, trainset, trainset, self.cache)
        missing = _skipped_strategies(factory, space)
        if len(missing) == len(set(space.strategy)):
            raise UserError(f"no strategy left in {name}.compile: {next(iter(missing.values()))}")
        search = Search(space.without(list(missing)), seed=self.seed)
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            study, best = self._search(search, search_set, holdout, _DspyEvaluator(factory, self.num_threads))
        finally:
            optuna.logging.set_verbosity(verbosity)
        compiled = to_module(_with_thinking_tokens(factory.program(best.configuration)))
        compiled.study = study
        compiled._compiled = True
        return compiled

    def _search(
        self, search: Search, search_set: EvalSchedule, holdout: EvalSchedule, evaluator: Evaluator
    ) -> tuple[optuna.Study, Candidate]:
        study = optuna.create_study(directions=search.directions())
        search.run(study, search_set, evaluator, self.trials)
        chosen = finalists(candidates(study, search_set.golds), search.objective, search.prices, search.alpha)
        evaluated = list(evaluate(chosen, holdout, evaluator, search.alpha))
        return study, winner(evaluated, search.objective, search.prices)


class _DspyEvaluator:
    """Evaluate configurations with their DSPy modules."""

    def __init__(self, factory: ProgramFactory, num_threads: int) -> None:
        self._factory = factory
        self._num_threads = num_threads

    def evaluate(self, configuration: TrialConfig, questions: Sequence[Question]) -> list[QuestionVotes]:
        """Return the answers, in the order of the questions.

        Raises:
            UserError: More than a tenth of the questions got no answer.
        """
        without_thoughts = self._factory.program(configuration)
        program = _with_thinking_tokens(without_thoughts)
        thinking_tokens = program.decode.max_tokens - without_thoughts.decode.max_tokens
        module = to_module(program)
        with ThreadPoolExecutor(self._num_threads) as threads:
            # Each call runs in a copy of the context, where DSPy keeps its settings.
            calls = [threads.submit(copy_context().run, _ask, module, question) for question in questions]
            predictions = [call.result() if call.exception() is None else None for call in calls]
        errors = [error for call in calls if (error := call.exception()) is not None]
        if errors and (len(errors) == len(questions) or len(errors) > max(1, MAX_FAILED_SHARE * len(questions))):
            raise UserError(
                f"{len(errors)} of {len(questions)} questions got no answer from the language model in TuneStrategy: "
                f"{errors[0]}. Check dspy.configure(lm=…) and run it again."
            ) from errors[0]
        retrieved = program.exemplars.choose(questions)
        return [
            _to_votes(program.sample_prompts(question, shown.exemplars), prediction, thinking_tokens)
            for question, shown, prediction in zip(questions, retrieved, predictions, strict=True)
        ]


def _with_thinking_tokens(program: PromptProgram) -> PromptProgram:
    """Return the program with tokens for thoughts where it has a budget for them, or asks for thinking.

    Plain DSPy does not find out whether a model thinks.
    """
    decode = program.decode
    has_budget = decode.thinking != "off" and bool(decode.thinking_tokens)
    return replace(program, decode=decode.for_thinking()) if has_budget or decode.asks_for_thinking else program


def _ask(module: Strategy | MajorityEnsemble, question: Question) -> dspy.Prediction:
    return module(question=question.question, options=question.options, context=list(question.context) or None)


def _to_votes(
    sample_prompts: Sequence[SamplePrompt], prediction: dspy.Prediction | None, thinking_tokens: int
) -> QuestionVotes:
    """Return the votes, with tokens estimated from the text's length: DSPy has no usage for answers from its cache.

    The text has no thoughts; each vote counts all of `thinking_tokens`.
    """
    if prediction is None:
        return QuestionVotes(FAILED)
    votes = prediction.get("votes") or [prediction.answer]
    prompt_characters = sum(count_characters(sample_prompt.prompt) for sample_prompt in sample_prompts)
    completion_characters = len(votes) * (len(prediction.get("reasoning") or "") + 1)
    return QuestionVotes(
        "".join(letter or UNPARSED for letter in votes),
        prompt_tokens=to_tokens(prompt_characters),
        completion_tokens=to_tokens(completion_characters) + 1 + len(votes) * thinking_tokens,
    )


def _config(student: Strategy, seed: int) -> ProgramConfig:
    """Return the student's own settings, for every program of the search."""
    template, decode = student.template, student.decode
    instructions = student.predictor.signature.instructions
    max_tokens = decode.max_tokens
    return ProgramConfig(
        template=template,
        top_k=decode.top_k,
        instructions=None if instructions == MultipleChoiceQA.instructions else instructions,
        sampling=decode.sampling,
        thinking=decode.thinking,
        thinking_tokens=decode.thinking_tokens,
        extra_body=decode.extra_body,
        omit_params=decode.omit_params,
        thought_marks=decode.thought_marks,
        max_tokens=None
        if max_tokens == default_sampling_params(template, student.reasoning).max_tokens
        else max_tokens,
        seed=seed,
    )


def _skipped_strategies(factory: ProgramFactory, space: Space) -> dict[str, str]:
    """Return the strategies whose exemplars or rationales the trainset lacks, each with the reason."""
    missing: dict[str, str] = {}
    for name in space.strategy:
        try:
            factory.compiled(name)
        except MissingRationales as error:
            missing[name] = str(error)
    return missing


def _with_id(question: Question, number: int) -> Question:
    return question if question.id else replace(question, id=str(number))
