import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import Any

import dspy

from openmedlm.data import Question
from openmedlm.metrics import majority
from openmedlm.programs.convert import to_question
from openmedlm.programs.option_order import reorder, unshuffle_letter
from openmedlm.programs.prompt_program import PromptProgram
from openmedlm.programs.sampling_params import SamplingParams
from openmedlm.programs.state import EnsembleState
from openmedlm.programs.strategy import Strategy

TEMPERATURE = 0.8
TOP_P = 0.8
"""How the OpenMedLM authors' code samples votes."""


class MajorityEnsemble(dspy.Module):
    """The majority of several sampled votes of another strategy, each with the options in another order.

    Self-consistency (Wang et al., arXiv 2203.11171) with Medprompt's shuffles (arXiv 2311.16452): sampling varies the
    reasoning, shuffling takes away a preference for a position. A tie goes to the letter that came first; a vote that
    can't be read is no vote.

    Args:
        member: whose votes are counted.
        votes: how many, at least 1.
        shuffle: whether every vote after the first shows the options in another order.
        decode: how votes are sampled; by default the member's way, at a temperature and top_p of 0.8.
        seed: from which orders and sampling seeds are derived.
    """

    name = "ensemble"

    def __init__(
        self,
        member: Strategy,
        votes: int = 5,
        shuffle: bool = True,
        decode: SamplingParams | None = None,
        seed: int = 0,
    ) -> None:
        if votes < 1:
            raise ValueError(f"an ensemble needs at least 1 vote, got {votes}")
        super().__init__()
        self.member: Strategy = member.deepcopy()
        self.member._compiled = False  # or DSPy neither saves the member nor reaches its predictor
        self.member.decode = decode or replace(member.decode, temperature=TEMPERATURE, top_p=TOP_P)
        self.form = EnsembleState(votes, shuffle, seed)

    @property
    def votes(self) -> int:
        """The ensemble's size."""
        return self.form.votes

    @property
    def shuffle(self) -> bool:
        """Whether every vote after the first shows the options in another order."""
        return self.form.shuffle

    @property
    def seed(self) -> int:
        """From which orders and sampling seeds are derived."""
        return self.form.seed

    @property
    def decode(self) -> SamplingParams:
        """How votes are sampled."""
        return self.member.decode

    def forward(
        self, question: str, options: Mapping[str, str], context: Sequence[str] | str | None = None
    ) -> dspy.Prediction:
        """Answers one question.

        Returns:
            `answer`: the majority's letter, or None where no vote could be read; `votes`: the letter of each vote, in
            the lettering that the question came with; `reasoning`, where the member reasons: that of the first vote
            for the answer.
        """
        asked = to_question({"question": question, "options": options, "context": context})
        calls = self._calls(asked)
        with ThreadPoolExecutor(self.votes) as threads:  # each in a copy of the context, where DSPy keeps its settings
            votes = [threads.submit(copy_context().run, lambda call: self.member(**call), call) for call in calls]
            return self._count(asked, [vote.result() for vote in votes])

    async def aforward(
        self, question: str, options: Mapping[str, str], context: Sequence[str] | str | None = None
    ) -> dspy.Prediction:
        """The same as `forward`, for `await program.acall(…)`."""
        asked = to_question({"question": question, "options": options, "context": context})
        return self._count(asked, await asyncio.gather(*(self.member.acall(**call) for call in self._calls(asked))))

    def _calls(self, asked: Question) -> list[dict[str, Any]]:
        """What the member is called with, once for each vote."""
        program = self.prompt_program()
        return [
            {
                "question": asked.question,
                "options": reorder(asked, order).options,
                "context": list(asked.context) or None,
                "config": {}
                if self.decode.greedy
                else {"seed": program.sampling_seed(asked, sample), "rollout_id": sample + 1},
            }
            for sample, order in enumerate(program.orders(asked))
        ]

    def _count(self, asked: Question, predictions: Sequence[dspy.Prediction]) -> dspy.Prediction:
        letters = [
            prediction.answer and unshuffle_letter(prediction.answer, list(asked.options), order)
            for prediction, order in zip(predictions, self.prompt_program().orders(asked), strict=True)
        ]
        answer = majority(letters).letter
        deciding = predictions[letters.index(answer)] if answer else predictions[0]
        reasoning = {"reasoning": deciding.reasoning} if self.member.reasoning else {}
        return dspy.Prediction(answer=answer, votes=letters, **reasoning)

    def prompt_program(self) -> PromptProgram:
        """The form that runs without DSPy and renders what this module renders."""
        return replace(
            self.member.prompt_program(),
            strategy=self.name,
            member=self.member.name,
            votes=self.votes,
            shuffle=self.shuffle,
            seed=self.seed,
        )
