"""Freeze a program from Python."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import dspy

from openmedlm.api.programs import Program, to_prompt_program
from openmedlm.api.questions import to_questions
from openmedlm.data import BENCHMARKS, Question, load_split
from openmedlm.data.load import SAMPLE
from openmedlm.programs.frozen import FrozenProgram, ProgramMetadata, freeze_program, load_program
from openmedlm.programs.prompt_program import FixedExemplars, PromptProgram
from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars
from openmedlm.utils.errors import UserError
from openmedlm.utils.paths import vectors_directory

GOLDEN_QUESTIONS = 5
"""Questions whose prompts go into `golden.jsonl`."""


def freeze(
    program: Program,
    directory: str | Path,
    *,
    model: str | None = None,
    benchmark: str | None = None,
    questions: Sequence[dspy.Example | Question] | None = None,
    replace: bool = False,
) -> FrozenProgram:
    """Write a program to a directory that renders the same prompts years later, checked and without running code.

    Args:
        program: A DSPy module of OpenMedLM, compiled by any optimizer, or a program that was frozen before, which keeps
            its model, benchmark and sources, and its dev score if neither model nor benchmark is another one.
        directory: Directory to write; it is complete or absent.
        model: Model string that the program is for; None takes the one that DSPy is configured with.
        benchmark: Benchmark that the program is for; None takes the one that most of its exemplars come from.
        questions: Questions whose prompts are stored to check later renderings, the first five of them. None takes
            questions of the embedded sample.
        replace: Whether another frozen program in this directory is replaced.

    Raises:
        UserError: The model or the benchmark is unknown, or the directory holds something else or cannot be written.
        TypeError: The object is no program of OpenMedLM.

    Example:
        >>> import tempfile
        >>> from openmedlm import ZeroShot, freeze
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     frozen = freeze(ZeroShot(), f"{folder}/program", model="openai/NAME", benchmark="medqa")
        >>> frozen.document.strategy
        'zero-shot'
    """
    if isinstance(program, str | Path):
        program = load_program(program, vectors=vectors_directory())
    compiled = to_prompt_program(program)
    frozen = program.document if isinstance(program, FrozenProgram) else None
    if frozen is not None:
        model, benchmark = model or frozen.model, benchmark or frozen.benchmark
    name = benchmark or _most_common_benchmark(compiled)
    model = model or _configured_model()
    metadata = ProgramMetadata(
        model=model,
        benchmark=name,
        pool=frozen.provenance.pool if frozen is not None else None,
        # A score is that of one model on one benchmark.
        dev=frozen.dev if frozen is not None and (model, name) == (frozen.model, frozen.benchmark) else None,
    )
    shown = to_questions(questions, "dev") if questions is not None else _sample_questions(name)
    return freeze_program(compiled, Path(directory), metadata, shown[:GOLDEN_QUESTIONS], replace=replace)


def _configured_model() -> str:
    lm = dspy.settings.lm
    if lm is None:
        raise UserError(
            "no model in freeze: model= and dspy.settings.lm are None. Pass model='hosted_vllm/NAME', or call "
            "dspy.configure(lm=dspy.LM(…))."
        )
    return str(lm.model)


def _most_common_benchmark(program: PromptProgram) -> str:
    source = program.exemplars
    if isinstance(source, KNNExemplars):
        exemplars = source.pool
    else:
        exemplars = source.exemplars if isinstance(source, FixedExemplars) else ()
    names = Counter(exemplar.question.benchmark for exemplar in exemplars if exemplar.question.benchmark)
    if not names:
        raise UserError("no benchmark in freeze: benchmark= is None and no exemplar names one. Pass benchmark='medqa'.")
    return names.most_common(1)[0][0]


def _sample_questions(benchmark: str) -> list[Question]:
    return load_split(benchmark if benchmark in BENCHMARKS else "medqa", "dev", SAMPLE)
