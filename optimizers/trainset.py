"""Which exemplars of a trainset a strategy can show."""

from collections.abc import Sequence

import dspy

from openmedlm.data import UserError
from openmedlm.programs import Exemplar
from openmedlm.programs.convert import to_exemplar
from openmedlm.programs.strategy import Strategy


class MissingRationales(UserError):
    """The pool has not what a strategy shows."""


def usable_exemplars(student: Strategy, trainset: Sequence[dspy.Example | Exemplar]) -> list[Exemplar]:
    """The exemplars as the student shows them: with rationales where it reasons, with the letter alone where not.

    Raises:
        MissingRationales: the student reasons, and no exemplar has a rationale.
    """
    exemplars = [each if isinstance(each, Exemplar) else to_exemplar(each) for each in trainset]
    if not student.reasoning:
        return [exemplar.without_rationale() for exemplar in exemplars]
    reasoned = [exemplar for exemplar in exemplars if exemplar.rationale]
    if not reasoned:
        raise MissingRationales(
            f"{student.strategy_name} shows rationales, and none of the pool's {len(exemplars):,} questions has one; "
            "have them written (openmedlm pool), use a pool that has them (--pool mmlu) or a strategy without them"
        )
    return reasoned
