"""A real model whose letter probabilities were recorded once (`letter_probabilities.py`); votes are drawn from them."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from simulated_model import Letters, random_of, request

from openmedlm.optimizers.search.space import Space
from openmedlm.optimizers.search.trial_config import TrialConfig


class RecordedModel:
    """Answer the questions of a record, in an order that the seed shuffles.

    A greedy vote is the most probable letter. A sampled one is drawn from the probabilities at its temperature, cut to
    its nucleus, as a server draws the single token of these answers. Options are never shuffled, since other orders
    were not recorded.

    Args:
        path: File of the record.
        seed: Seed of the split into dev and other questions.
    """

    def __init__(self, path: Path, seed: int) -> None:
        record: Any = np.load(path)
        recorded = ~np.isnan(record["held"]).any(axis=(0, 2))
        held = record["held"][:, recorded].astype(np.float64)
        self._held = held[:, random_of(seed, "split").permutation(held.shape[1])]
        self._prompts = {
            (int(k), str(text)): number
            for number, (k, text) in enumerate(zip(record["k"], record["instructions"], strict=True))
        }
        self._seed = seed

    @property
    def questions(self) -> int:
        """Number of questions that were recorded with every prompt."""
        return self._held.shape[1]

    @cached_property
    def space(self) -> Space:
        """Space of the record, with the default choices of temperature, nucleus and ensemble size."""
        ks = sorted({k for k, _ in self._prompts} - {0})
        return Space(
            strategy=("zero-shot", "few-shot"),
            k=tuple(ks),
            instructions=tuple(sorted({text for _, text in self._prompts})),
            shuffle=(False,),
        )

    def votes(self, point: TrialConfig, draw: object, rows: slice) -> Letters:
        """Return the option of each vote, 0 for the right one: (questions, votes). Equal draws give equal votes."""
        shares = self._shares(point)[rows]
        if point.temperature == 0:
            return np.repeat(shares.argmax(axis=1)[:, None], point.votes, axis=1)
        drawn = [
            random_of(self._seed, draw, "vote", *request(point), vote).random((self.questions, 1))[rows]
            for vote in range(point.votes)
        ]
        reached = shares.cumsum(axis=1)
        return np.stack([(drawn_once > reached[:, :3]).sum(axis=1) for drawn_once in drawn], axis=1)

    def _shares(self, point: TrialConfig) -> npt.NDArray[np.float64]:
        """Return the probability of each option: (questions, 4)."""
        held = np.maximum(self._held[self._prompts[point.k, point.instructions]], 1e-12)
        if point.temperature == 0:
            return held
        scaled = (held / held.max(axis=1, keepdims=True)) ** (1 / point.temperature)
        scaled /= scaled.sum(axis=1, keepdims=True)
        order = (-scaled).argsort(axis=1, kind="stable")
        ranked = np.take_along_axis(scaled, order, axis=1)
        ranked[ranked.cumsum(axis=1) - ranked >= (point.top_p or 1.0)] = 0.0
        np.put_along_axis(scaled, order, ranked, axis=1)
        return scaled / scaled.sum(axis=1, keepdims=True)
