"""What stands before the questions, rendered once."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.template import Prefix

SIZE = 256
"""Selections at hand: as many as there are questions in flight, or nearly."""


@dataclass(slots=True)
class PrefixCache:
    """The last prefixes, by the very exemplars that they show and the letters of the question."""

    _kept: OrderedDict[tuple[int, tuple[str, ...]], tuple[Sequence[Exemplar], Prefix]] = field(
        default_factory=OrderedDict
    )

    def __reduce__(self) -> tuple[type["PrefixCache"], tuple[()]]:
        """Empty in another process, where the same identities are those of other things."""
        return PrefixCache, ()

    def get(self, exemplars: Sequence[Exemplar], letters: tuple[str, ...], render: Callable[[], Prefix]) -> Prefix:
        if not isinstance(exemplars, tuple):  # a list may change under its identity
            return render()
        key = (id(exemplars), letters)
        kept = self._kept.get(key)
        if kept is not None:
            return kept[1]
        prefix = render()
        self._kept[key] = (exemplars, prefix)  # the exemplars too, so that their identity is not given to others
        if len(self._kept) > SIZE:
            self._kept.popitem(last=False)
        return prefix
