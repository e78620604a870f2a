"""An ensemble of votes of a compiled strategy."""

from collections.abc import Sequence

import dspy
from dspy.teleprompt import Teleprompter

from openmedlm.programs import SamplingParams
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.strategy import Strategy


class MajorityVote(Teleprompter):
    """Compiles a strategy and makes the majority of its sampled votes the answer.

    Args:
        member: the optimizer that compiles the strategy; None where it comes compiled or needs no exemplars.
        votes: the ensemble's size.
        shuffle: whether votes after the first show the options in another order.
        decode: how votes are sampled; see `openmedlm.programs.MajorityEnsemble`.
        seed: of orders and samples.
    """

    def __init__(
        self,
        member: Teleprompter | None = None,
        votes: int = 5,
        shuffle: bool = True,
        decode: SamplingParams | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.member = member
        self.votes = votes
        self.shuffle = shuffle
        self.decode = decode
        self.seed = seed

    def compile(
        self, student: Strategy, *, trainset: Sequence[dspy.Example], valset: Sequence[dspy.Example] | None = None
    ) -> MajorityEnsemble:
        """The ensemble over the student, compiled by the member's optimizer."""
        compiled = self.member.compile(student, trainset=trainset, valset=valset) if self.member else student
        ensemble = MajorityEnsemble(compiled, self.votes, self.shuffle, self.decode, self.seed)
        ensemble._compiled = True
        return ensemble
