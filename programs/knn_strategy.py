"""What the retrieving strategies share."""

from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars
from openmedlm.programs.strategy import Strategy


class KNNStrategy(Strategy):
    """A strategy that shows each question the exemplars nearest to it."""

    @property
    def nearest(self) -> KNNExemplars | None:
        """The pool, its index and how many are shown; None before compiling."""
        return self.form.nearest

    @nearest.setter
    def nearest(self, nearest: KNNExemplars) -> None:
        self.form.nearest = nearest

    @property
    def exemplars(self) -> KNNExemplars:
        if self.nearest is None:
            raise ValueError(f"{type(self).__name__} has no pool yet: compile it with optimizers.KNNFewShot first")
        return self.nearest
