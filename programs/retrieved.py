"""Exemplars chosen for one question."""

from dataclasses import dataclass

from openmedlm.programs.exemplar import Exemplar


@dataclass(frozen=True, slots=True)
class RetrievedExemplars:
    """The exemplars of one question.

    Attributes:
        exemplars: Exemplars in the order in which the prompt shows them.
        similarities: Cosine of each exemplar to the question if they were retrieved by it; otherwise empty.
        duplicates: Number of exemplars left out because they are exact or near duplicates of the question.
    """

    exemplars: tuple[Exemplar, ...] = ()
    similarities: tuple[float, ...] = ()
    duplicates: int = 0

    @property
    def exemplars_not_reordered(self) -> int:
        """Number of exemplars whose options must keep their order (see `Exemplar.letters`)."""
        return sum(exemplar.letters is None for exemplar in self.exemplars)
