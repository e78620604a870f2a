"""DSPy-free compiled program: a strategy with all parameters set, which renders the prompts of a question's votes.

A DSPy module declares a strategy; `PromptProgram` is the form that the engine runs and that is frozen.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Protocol

import orjson

from openmedlm.data import DuplicateIndex, Question
from openmedlm.programs.exemplar import Exemplar, exemplars_digest
from openmedlm.programs.option_order import derive_seed, option_orders, reorder
from openmedlm.programs.prefix_cache import PrefixCache
from openmedlm.programs.retrieved import RetrievedExemplars
from openmedlm.programs.sampling_params import SamplingParams
from openmedlm.programs.template import Prompt, Template


class ExemplarSource(Protocol):
    """Source of the exemplars of each question."""

    def choose(self, questions: Sequence[Question]) -> list[RetrievedExemplars]:
        """Return the exemplars of each question."""

    def describe(self) -> dict[str, object]:
        """Return all parameters of the choice as plain JSON values; two different sources give different values."""


@dataclass(frozen=True)
class FixedExemplars:
    """The same exemplars for every question; none for a zero-shot program.

    An exemplar that is an exact or near duplicate of the question is left out of its prompt.

    Example:
        >>> FixedExemplars().describe()["ids"]
        []
    """

    exemplars: tuple[Exemplar, ...] = ()

    def choose(self, questions: Sequence[Question]) -> list[RetrievedExemplars]:
        duplicates = self._duplicate_index.among(questions)
        everything = RetrievedExemplars(self.exemplars)
        return [self._without(duplicates[n]) if n in duplicates else everything for n in range(len(questions))]

    @cached_property
    def _duplicate_index(self) -> DuplicateIndex:
        return DuplicateIndex([exemplar.question for exemplar in self.exemplars])

    def _without(self, left_out: Collection[int]) -> RetrievedExemplars:
        kept = tuple(exemplar for n, exemplar in enumerate(self.exemplars) if n not in left_out)
        return RetrievedExemplars(kept, duplicates=len(left_out))

    def describe(self) -> dict[str, object]:
        ids = [exemplar.question.id for exemplar in self.exemplars]
        return {"kind": "fixed", "ids": ids, "exemplars": exemplars_digest(self.exemplars)}


@dataclass(frozen=True, slots=True)
class SamplePrompt:
    """Prompt of one vote.

    Attributes:
        sample: Index of the vote among the question's votes, from 0.
        order: The question's letters in the order shown (see `option_orders`).
        shown: Question with its options in that order.
        prompt: Messages or text to send.
    """

    sample: int
    order: str
    shown: Question
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class PromptProgram:
    """A strategy with its instructions, template, exemplars and sampling parameters.

    Attributes:
        strategy: Name of the strategy, one of `openmedlm.programs.STRATEGIES`.
        instructions: Task description, from the DSPy signature.
        template: Template that renders the prompts.
        reasoning: Whether the model reasons before it answers.
        decode: Sampling parameters of each vote.
        exemplars: Source of each question's exemplars.
        votes: Number of votes of an ensemble; 1 for a single answer.
        shuffle: Whether each vote after the first shows the options in another order.
        seed: Seed from which option orders and sampling seeds are derived.
        member: Strategy whose votes an ensemble counts; None for a single answer.

    Example:
        >>> from openmedlm.programs import PLAIN, SamplingParams
        >>> question = Question("q1", "mine", "dev", "Which organ pumps?", {"A": "Liver", "B": "Heart"}, "B")
        >>> program = PromptProgram("zero-shot", "Answer.", PLAIN, False, SamplingParams(max_tokens=8))
        >>> program.render(question, ())
        'Answer.\\n\\nQuestion: Which organ pumps?\\nA. Liver\\nB. Heart\\nAnswer:'
    """

    strategy: str
    instructions: str
    template: Template
    reasoning: bool
    decode: SamplingParams
    exemplars: ExemplarSource = field(default_factory=FixedExemplars)
    votes: int = 1
    shuffle: bool = False
    seed: int = 0
    member: str | None = None
    _prefixes: PrefixCache = field(default_factory=PrefixCache, init=False, repr=False, compare=False)

    def orders(self, question: Question) -> list[str]:
        """Return the option order of each vote."""
        own = "".join(question.options)
        if not self.shuffle:
            return [own] * self.votes
        return option_orders(own, self.votes, derive_seed(self.seed, question.question))

    def sampling_seed(self, question: Question, sample: int, attempt: int = 0) -> int:
        """Return the sampling seed of one completion."""
        return derive_seed(self.seed, question.question, sample, attempt)

    def sample_prompts(self, question: Question, exemplars: Sequence[Exemplar]) -> list[SamplePrompt]:
        """Return the prompts of all votes on the question, in the order of their sample index."""
        orders = self.orders(question)
        shown = {order: reorder(question, order) for order in dict.fromkeys(orders)}
        prompts = {order: self.render(reordered, exemplars) for order, reordered in shown.items()}
        return [SamplePrompt(sample, order, shown[order], prompts[order]) for sample, order in enumerate(orders)]

    def render(self, question: Question, exemplars: Sequence[Exemplar]) -> Prompt:
        """Render the prompt of a question as given; the prefix is rendered once for all of its votes."""
        letters = tuple(question.options)
        prefix = self._prefixes.get(
            exemplars,
            letters,
            lambda: self.template.prefix(self.instructions, exemplars, letters, reasoning=self.reasoning),
        )
        return self.template.complete(prefix, question, reasoning=self.reasoning)

    def describe(self) -> dict[str, object]:
        """Return the program as plain JSON values, with exemplars by id."""
        return {
            "strategy": self.strategy,
            "member": self.member,
            "instructions": self.instructions,
            "template": asdict(self.template),
            "reasoning": self.reasoning,
            "decode": self.decode.describe(),
            "exemplars": self.exemplars.describe(),
            "votes": self.votes,
            "shuffle": self.shuffle,
            "seed": self.seed,
        }

    def digest(self) -> str:
        """Return the sha256 over `describe()`; programs with equal digests send the same prompts."""
        return hashlib.sha256(orjson.dumps(self.describe(), option=orjson.OPT_SORT_KEYS)).hexdigest()
