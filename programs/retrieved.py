"""What a question is shown before it is asked, and what stood in the way."""

from dataclasses import dataclass

from openmedlm.programs.exemplar import Exemplar


@dataclass(frozen=True, slots=True)
class RetrievedExemplars:
    """The exemplars of one question.

    Attributes:
        exemplars: in the order in which the prompt shows them.
        similarities: the cosine of each to the question, where they were chosen by it; else empty.
        duplicates: exemplars that would have been shown, had they not been the question, exactly or nearly.
    """

    exemplars: tuple[Exemplar, ...] = ()
    similarities: tuple[float, ...] = ()
    duplicates: int = 0

    @property
    def exemplars_not_reordered(self) -> int:
        """Exemplars whose options had to keep their order (see `Exemplar.letters`)."""
        return sum(exemplar.letters is None for exemplar in self.exemplars)
