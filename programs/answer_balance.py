"""Answer letters of a prompt's exemplars, spread evenly."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.option_order import derive_seed, reorder
from openmedlm.programs.reorderable import relabel


def balanced(exemplars: Sequence[Exemplar], seed: int) -> tuple[Exemplar, ...]:
    """The exemplars, their gold options moved so that no letter is the answer much more often than another (Medprompt).

    One after the other, each has its gold option change places with the one at the letter that was the answer least
    often so far; ties go to the least `derive_seed(seed, position, letter)`. Letters in a rationale that name one of
    the two follow. Exemplars whose options have to keep their order count first, and keep it.

    Args:
        exemplars: in the order in which the prompt shows them.
        seed: of the ties.
    """
    used = Counter(exemplar.question.answer for exemplar in exemplars if exemplar.letters is None)
    shown = []
    for position, exemplar in enumerate(exemplars):
        if exemplar.letters is not None:
            ranks = {name: (used[name], derive_seed(seed, position, name)) for name in exemplar.question.options}
            target = min(ranks, key=ranks.__getitem__)
            exemplar = with_gold_at(exemplar, target)
            used[target] += 1
        shown.append(exemplar)
    return tuple(shown)


def with_gold_at(exemplar: Exemplar, letter: str) -> Exemplar:
    """The exemplar with its gold option at that letter, and the option that stood there at the gold one's.

    Raises:
        ValueError: its options have to keep their order.
    """
    if exemplar.letters is None:
        raise ValueError(f"the options of {exemplar.question.id} have to keep their order")
    gold = exemplar.question.answer
    if letter == gold:
        return exemplar
    swap = {gold: letter, letter: gold}
    order = "".join(swap.get(own, own) for own in exemplar.question.options)
    rationale = exemplar.rationale and relabel(exemplar.rationale, exemplar.letters, {n: swap.get(n, n) for n in order})
    return replace(exemplar, question=reorder(exemplar.question, order), rationale=rationale)
