"""Base class of the strategies that retrieve their exemplars."""

from openmedlm.programs.registry import SingleStrategy, derive_strategy_name
from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars
from openmedlm.programs.strategy import Strategy


class KNNStrategy(Strategy):
    """A strategy that shows each question the exemplars nearest to it."""

    @property
    def name(self) -> SingleStrategy:
        """Name of the strategy; it retrieves, with or without a pool yet."""
        return derive_strategy_name(reasoning=self.reasoning, exemplars="retrieved")

    @property
    def nearest(self) -> KNNExemplars | None:
        """Pool, index and number of exemplars shown; None before compiling."""
        return self.prompt_state.nearest

    @nearest.setter
    def nearest(self, nearest: KNNExemplars) -> None:
        self.prompt_state.nearest = nearest

    @property
    def exemplars(self) -> KNNExemplars:
        """Source of each question's exemplars.

        Raises:
            ValueError: The strategy has no pool yet.
        """
        if self.nearest is None:
            raise ValueError(f"no exemplar pool in {type(self).__name__}. Compile it with openmedlm.KNNFewShot first.")
        return self.nearest
