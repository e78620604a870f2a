"""Benchmarks as `dspy.Example`s."""

from dataclasses import dataclass
from functools import cached_property

import dspy

from openmedlm.data import canonical_split, load_split
from openmedlm.programs.convert import to_demo
from openmedlm.programs.exemplar import Exemplar
from openmedlm.rationales.trainset import DATASET, load_rationales


@dataclass(frozen=True)
class BenchmarkData:
    """Splits of one benchmark, each loaded when it is first used.

    Attributes:
        name: Name of the benchmark.
        data_dir: Folder of local files, `sample` for the embedded sample, or None for the Hugging Face hub.
        teacher: Teacher of the rationales of `train`; None for the benchmark's own explanations.

    Example:
        >>> from openmedlm import load_benchmark
        >>> mmlu = load_benchmark("mmlu", "sample")
        >>> mmlu.name, len(mmlu.dev), sorted(mmlu.dev[0].inputs().keys())
        ('mmlu', 12, ['context', 'options', 'question'])
    """

    name: str
    data_dir: str | None = None
    teacher: str | None = None

    @cached_property
    def train(self) -> list[dspy.Example]:
        """Questions that exemplars may be taken from, with `reasoning` where the teacher explained the answer."""
        return self.split("pool")

    @cached_property
    def dev(self) -> list[dspy.Example]:
        """Questions for tuning and for choosing among programs."""
        return self.split("dev")

    @cached_property
    def test(self) -> list[dspy.Example]:
        """Questions for final results."""
        return self.split("test")

    def split(self, name: str) -> list[dspy.Example]:
        """Return the questions of a split: `pool` (or `train`), `dev` or `test`.

        Every example has the inputs `question`, `options` (a dict of letter to text) and `context` (a list of texts, or
        None), the label `answer` (a letter), and `id`, `benchmark`, `subject`, `split` and `explanation`. Pool examples
        with a rationale also have `reasoning` and `teacher`.

        Raises:
            UserError: The split does not exist or cannot be loaded, or the teacher has no rationale pool.
        """
        split = canonical_split(name)
        questions = load_split(self.name, split, self.data_dir)
        if split == "pool":
            exemplars = load_rationales(questions, self.name, self.teacher or DATASET)
        else:
            exemplars = [Exemplar(question) for question in questions]
        return [_to_example(exemplar, split) for exemplar in exemplars]


def _to_example(exemplar: Exemplar, split: str) -> dspy.Example:
    # With its split and explanation the question stays the same question, also for `fingerprint`.
    example = dspy.Example(**to_demo(exemplar), split=split, explanation=exemplar.question.explanation)
    return example.with_inputs("context", "question", "options")


def load_benchmark(name: str, data_dir: str | None = None, teacher: str | None = None) -> BenchmarkData:
    """Return the splits of a benchmark as lists of `dspy.Example`.

    Args:
        name: `medqa`, `medmcqa`, `pubmedqa`, `mmlu`, or the name of imported questions.
        data_dir: Folder with `<benchmark>/<split>.jsonl`; `sample` for the embedded sample. None takes the Hugging Face
            hub, at a pinned revision.
        teacher: Teacher of the rationales of `train`: the model string of `openmedlm pool`, or the file that it wrote
            (`….jsonl`). None takes the benchmark's own explanations; MedQA and MMLU from the hub have none.

    Raises:
        UserError: When a split is first used: the benchmark is unknown or cannot be loaded, or the teacher has no
            rationale pool for it.

    Example:
        >>> mmlu = load_benchmark("mmlu", "sample")
        >>> len(mmlu.train), len(mmlu.dev), mmlu.dev[0].answer in mmlu.dev[0].options
        (24, 12, True)
    """
    return BenchmarkData(name, data_dir, teacher)
