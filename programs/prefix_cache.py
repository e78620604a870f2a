"""Cache of prompt prefixes: the part of a prompt before the question, rendered once."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.template import Prefix

MAX_PREFIXES = 256
"""Cached prefixes: about as many as there are questions in flight."""


@dataclass(slots=True)
class PrefixCache:
    """The latest prefixes, keyed by the identity of their exemplars and the letters of the question."""

    _kept: OrderedDict[tuple[int, tuple[str, ...]], tuple[Sequence[Exemplar], Prefix]] = field(
        default_factory=OrderedDict
    )

    def __reduce__(self) -> tuple[type["PrefixCache"], tuple[()]]:
        """Start empty in another process, where the same identities belong to other objects."""
        return PrefixCache, ()

    def get(self, exemplars: Sequence[Exemplar], letters: tuple[str, ...], render: Callable[[], Prefix]) -> Prefix:
        """Return the cached prefix, or render and store it."""
        if not isinstance(exemplars, tuple):  # a list can change and keep its identity
            return render()
        key = (id(exemplars), letters)
        kept = self._kept.get(key)
        if kept is not None:
            return kept[1]
        prefix = render()
        self._kept[key] = (exemplars, prefix)  # keeps the exemplars alive, so that no other object gets their id
        if len(self._kept) > MAX_PREFIXES:
            self._kept.popitem(last=False)
        return prefix
