"""A strategy with all its choices made: what renders the prompts of a question's votes, without DSPy.

The DSPy module declares a strategy; this is the form that runs, and that is frozen.
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
    """Chooses the exemplars of each question."""

    def choose(self, questions: Sequence[Question]) -> list[RetrievedExemplars]:
        """The exemplars of each question."""

    def describe(self) -> dict[str, object]:
        """What decides the choice, as plain JSON values: enough to tell two sources apart."""


@dataclass(frozen=True)
class FixedExemplars:
    """The same exemplars for every question; none for a zero-shot program.

    A question that is among the exemplars, exactly or nearly, does not see that one.
    """

    exemplars: tuple[Exemplar, ...] = ()

    def choose(self, questions: Sequence[Question]) -> list[RetrievedExemplars]:
        repeated = self._repetitions.among(questions)
        everything = RetrievedExemplars(self.exemplars)
        return [self._without(repeated[n]) if n in repeated else everything for n in range(len(questions))]

    @cached_property
    def _repetitions(self) -> DuplicateIndex:
        return DuplicateIndex([exemplar.question for exemplar in self.exemplars])

    def _without(self, left_out: Collection[int]) -> RetrievedExemplars:
        kept = tuple(exemplar for n, exemplar in enumerate(self.exemplars) if n not in left_out)
        return RetrievedExemplars(kept, duplicates=len(left_out))

    def describe(self) -> dict[str, object]:
        ids = [exemplar.question.id for exemplar in self.exemplars]
        return {"kind": "fixed", "ids": ids, "exemplars": exemplars_digest(self.exemplars)}


@dataclass(frozen=True, slots=True)
class SamplePrompt:
    """One vote to be bought.

    Attributes:
        sample: its index among the question's votes, from 0.
        order: the question's letters in the order shown (see `option_orders`).
        shown: the question in that order.
        prompt: what is sent.
    """

    sample: int
    order: str
    shown: Question
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class PromptProgram:
    """A strategy with its instructions, template, exemplars and decode parameters.

    Attributes:
        strategy: the strategy's name, `zero-shot` to `ensemble`.
        instructions: the task, as the DSPy signature states it.
        template: how a prompt is put together.
        reasoning: whether the model reasons before it answers.
        decode: how each vote is sampled.
        exemplars: what chooses the exemplars.
        votes: the ensemble's size; 1 for a single answer.
        shuffle: whether each vote after the first shows the options in another order.
        seed: from which orders and sampling seeds are derived.
        member: the strategy whose votes an ensemble counts; None for a single answer.
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
        """The order in which each vote shows the question's options."""
        own = "".join(question.options)
        if not self.shuffle:
            return [own] * self.votes
        return option_orders(own, self.votes, derive_seed(self.seed, question.question))

    def sampling_seed(self, question: Question, sample: int, attempt: int = 0) -> int:
        """The seed with which one completion is sampled."""
        return derive_seed(self.seed, question.question, sample, attempt)

    def sample_prompts(self, question: Question, exemplars: Sequence[Exemplar]) -> list[SamplePrompt]:
        """The prompts of all the question's votes, in the order of their sample index."""
        orders = self.orders(question)
        shown = {order: reorder(question, order) for order in dict.fromkeys(orders)}
        prompts = {order: self.render(asked, exemplars) for order, asked in shown.items()}
        return [SamplePrompt(sample, order, shown[order], prompts[order]) for sample, order in enumerate(orders)]

    def render(self, question: Question, exemplars: Sequence[Exemplar]) -> Prompt:
        """The prompt of a question as it is shown; what stands before it is rendered once for all of its votes."""
        letters = tuple(question.options)
        prefix = self._prefixes.get(
            exemplars,
            letters,
            lambda: self.template.prefix(self.instructions, exemplars, letters, reasoning=self.reasoning),
        )
        return self.template.complete(prefix, question, reasoning=self.reasoning)

    def describe(self) -> dict[str, object]:
        """The program as plain JSON values, exemplars by id."""
        return {
            "strategy": self.strategy,
            "member": self.member,
            "instructions": self.instructions,
            "template": asdict(self.template),
            "reasoning": self.reasoning,
            "decode": asdict(self.decode),
            "exemplars": self.exemplars.describe(),
            "votes": self.votes,
            "shuffle": self.shuffle,
            "seed": self.seed,
        }

    def digest(self) -> str:
        """sha256 over `describe()`: programs of one digest send the same prompts."""
        return hashlib.sha256(orjson.dumps(self.describe(), option=orjson.OPT_SORT_KEYS)).hexdigest()
