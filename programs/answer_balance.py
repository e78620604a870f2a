"""Balance of the answer letters over a prompt's exemplars."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.option_order import derive_seed, relabel, reorder


def balance_answers(exemplars: Sequence[Exemplar], seed: int) -> tuple[Exemplar, ...]:
    """Move the exemplars' gold options so that no letter is the answer much more often than another (Medprompt).

    In turn, each exemplar's gold option is swapped with the one at the letter that was the answer least often so far.
    Ties go to the smallest `derive_seed(seed, position, letter)`. Letters in a rationale that name one of the two are
    swapped too. Exemplars whose options must keep their order are counted first and stay unchanged.

    Args:
        exemplars: Exemplars in the order in which the prompt shows them.
        seed: Seed of the ties.
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
    """Return the exemplar with its gold option swapped with the option at that letter.

    Raises:
        ValueError: The exemplar's options must keep their order.
    """
    if exemplar.letters is None:
        raise ValueError(f"options must keep their order in exemplar {exemplar.question.id}")
    gold = exemplar.question.answer
    if letter == gold:
        return exemplar
    swap = {gold: letter, letter: gold}
    order = "".join(swap.get(own, own) for own in exemplar.question.options)
    rationale = exemplar.rationale and relabel(exemplar.rationale, exemplar.letters, {n: swap.get(n, n) for n in order})
    return replace(exemplar, question=reorder(exemplar.question, order), rationale=rationale)
