"""An ensemble of votes of a compiled strategy."""

from collections.abc import Sequence

import dspy
from dspy.teleprompt import Teleprompter

from openmedlm.optimizers.trainset import check_student
from openmedlm.programs import SamplingParams
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.strategy import Strategy


class MajorityVote(Teleprompter):
    """Compile a strategy and answer with the majority of its sampled votes.

    Args:
        votes: Ensemble size, at least 1.
        optimizer: Optimizer that compiles the member. None if the student is compiled already or shows no exemplars.
        shuffle: Show the options in another order in every vote after the first.
        decode: Sampling parameters of the votes; see `openmedlm.programs.MajorityEnsemble`.
        seed: Seed of option orders and samples.

    Raises:
        ValueError: votes is less than 1.

    Example:
        >>> from openmedlm.optimizers import MajorityVote
        >>> from openmedlm.programs.cot import CoT
        >>> MajorityVote(votes=3).compile(CoT(), trainset=[]).votes
        3
    """

    def __init__(
        self,
        votes: int = 5,
        optimizer: Teleprompter | None = None,
        shuffle: bool = True,
        decode: SamplingParams | None = None,
        seed: int = 0,
    ) -> None:
        if votes < 1:
            raise ValueError(f"votes must be at least 1, got {votes}")
        super().__init__()
        self.votes = votes
        self.optimizer = optimizer
        self.shuffle = shuffle
        self.decode = decode
        self.seed = seed

    def compile(
        self, student: Strategy, *, trainset: Sequence[dspy.Example], valset: Sequence[dspy.Example] | None = None
    ) -> MajorityEnsemble:
        """Return the ensemble over a copy of the student.

        Args:
            student: Any single strategy.
            trainset: Trainset of the optimizer; not used without one, and may then be empty.
            valset: Valset of the optimizer.

        Raises:
            TypeError: The student is not a single strategy.
        """
        member = check_student(student, type(self).__name__)
        if self.optimizer is not None:
            compiled = self.optimizer.compile(member, trainset=trainset, valset=valset)
            member = check_student(compiled, type(self).__name__)
        ensemble = MajorityEnsemble(member, self.votes, self.shuffle, self.decode, self.seed)
        ensemble._compiled = True
        return ensemble
