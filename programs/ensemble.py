import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import Any, ClassVar

import dspy
from dspy.predict.parameter import Parameter

from openmedlm.data import Question
from openmedlm.metrics import majority
from openmedlm.programs.convert import to_question
from openmedlm.programs.option_order import reorder, unshuffle_letter
from openmedlm.programs.prompt_program import PromptProgram
from openmedlm.programs.registry import ENSEMBLE
from openmedlm.programs.sampling_params import SamplingParams
from openmedlm.programs.state import EnsembleState, with_stored_names
from openmedlm.programs.strategy import Strategy

TEMPERATURE = 0.8
TOP_P = 0.8
"""Sampling of votes in the OpenMedLM authors' code."""


class MajorityEnsemble(dspy.Module):
    """The majority of several sampled votes of another strategy, each with the options in another order.

    Self-consistency (Wang et al., arXiv 2203.11171) with Medprompt's shuffles (arXiv 2311.16452): sampling varies the
    reasoning, and shuffling removes a preference for a position. A tie goes to the letter that came first. An
    unparsed vote is not counted.

    Args:
        member: Strategy whose votes are counted; it is copied.
        votes: Number of votes, at least 1.
        shuffle: Whether every vote after the first shows the options in another order.
        decode: Sampling parameters of a vote; by default the member's, with temperature and top_p 0.8.
        seed: Seed from which option orders and sampling seeds are derived.

    Raises:
        ValueError: votes is less than 1.
        TypeError: The member is not a single-answer strategy.

    Example:
        >>> from openmedlm.programs import CoT
        >>> program = MajorityEnsemble(CoT(), votes=5).prompt_program()
        >>> program.member, program.votes, program.decode.temperature
        ('cot', 5, 0.8)
    """

    name: ClassVar = ENSEMBLE

    def __init__(
        self,
        member: Strategy,
        votes: int = 5,
        shuffle: bool = True,
        decode: SamplingParams | None = None,
        seed: int = 0,
    ) -> None:
        if votes < 1:
            raise ValueError(f"too few votes for an ensemble: {votes}. Use at least 1.")
        if not isinstance(member, Strategy):
            given = f"the class {member.__name__}" if isinstance(member, type) else type(member).__name__
            raise TypeError(f"wrong member of MajorityEnsemble: {given}. Pass a single-answer strategy, such as CoT().")
        super().__init__()
        self.member: Strategy = member.deepcopy()
        self.member._compiled = False  # DSPy neither saves nor visits compiled sub-modules
        self.member.decode = decode or replace(member.decode, temperature=TEMPERATURE, top_p=TOP_P)
        self.ensemble_state = EnsembleState(votes, shuffle, seed)

    @property
    def votes(self) -> int:
        """Number of votes."""
        return self.ensemble_state.votes

    @property
    def shuffle(self) -> bool:
        """True if every vote after the first shows the options in another order."""
        return self.ensemble_state.shuffle

    @property
    def seed(self) -> int:
        """Seed from which option orders and sampling seeds are derived."""
        return self.ensemble_state.seed

    @property
    def decode(self) -> SamplingParams:
        """Sampling parameters of a vote."""
        return self.member.decode

    def named_parameters(self) -> list[tuple[str, Parameter]]:
        """Return DSPy's named parameters, under the names that saved states use."""
        return with_stored_names(super().named_parameters())

    def forward(
        self, question: str, options: Mapping[str, str], context: Sequence[str] | str | None = None
    ) -> dspy.Prediction:
        """Answer one question.

        Returns:
            `answer`: the majority's letter, or None if no vote could be parsed. `votes`: the letter of each vote, in
            the question's own lettering. `reasoning`, if the member reasons: that of the first vote for the answer.
        """
        target = to_question({"question": question, "options": options, "context": context})
        calls = self._call_arguments(target)
        with ThreadPoolExecutor(
            self.votes
        ) as threads:  # each thread gets a copy of the context, which holds DSPy's settings
            votes = [threads.submit(copy_context().run, lambda call: self.member(**call), call) for call in calls]
            return self._count(target, [vote.result() for vote in votes])

    async def aforward(
        self, question: str, options: Mapping[str, str], context: Sequence[str] | str | None = None
    ) -> dspy.Prediction:
        """Answer one question; the async form of `forward`, for `await program.acall(…)`."""
        target = to_question({"question": question, "options": options, "context": context})
        return self._count(
            target, await asyncio.gather(*(self.member.acall(**call) for call in self._call_arguments(target)))
        )

    def _call_arguments(self, target: Question) -> list[dict[str, Any]]:
        """Return the arguments of the member's calls, one per vote."""
        program = self.prompt_program()
        return [
            {
                "question": target.question,
                "options": reorder(target, order).options,
                "context": list(target.context) or None,
                "config": {}
                if self.decode.greedy
                else {"seed": program.sampling_seed(target, sample), "rollout_id": sample + 1},
            }
            for sample, order in enumerate(program.orders(target))
        ]

    def _count(self, target: Question, predictions: Sequence[dspy.Prediction]) -> dspy.Prediction:
        letters = [
            prediction.answer and unshuffle_letter(prediction.answer, list(target.options), order)
            for prediction, order in zip(predictions, self.prompt_program().orders(target), strict=True)
        ]
        answer = majority(letters).letter
        deciding = predictions[letters.index(answer)] if answer else predictions[0]
        reasoning = {"reasoning": deciding.reasoning} if self.member.reasoning else {}
        return dspy.Prediction(answer=answer, votes=letters, **reasoning)

    def prompt_program(self) -> PromptProgram:
        """Return the DSPy-free form, which renders the same prompts."""
        return replace(
            self.member.prompt_program(),
            strategy=self.name,
            member=self.member.name,
            votes=self.votes,
            shuffle=self.shuffle,
            seed=self.seed,
        )
