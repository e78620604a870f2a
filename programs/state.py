"""Module state besides the predictor, as `dspy.Module.save` and `load` store it."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np
from dspy.predict.parameter import Parameter
from pydantic import TypeAdapter

from openmedlm.programs.convert import to_demo, to_exemplar
from openmedlm.programs.frozen.pinned_embedder import PinnedEmbedder, stable_name
from openmedlm.programs.retrieval import NeighbourIndex
from openmedlm.programs.retrieval.knn_exemplars import NEAREST_LAST, KNNExemplars
from openmedlm.programs.sampling_params import SamplingParams
from openmedlm.programs.template import Template

_STORED_NAMES: Final = {"prompt_state": "form", "ensemble_state": "form"}
"""Attribute to key in saved states. Release 0.1.0 stored both under `form`; its files still load."""


class PromptState(Parameter):
    """Template, sampling parameters and seed of a strategy; also the pool if the strategy retrieves.

    As a parameter of the module it is part of `dspy.Module.save` and `load`, at any depth of a user's own program.
    DSPy's state of a predictor holds none of it.
    """

    def __init__(self, template: Template, decode: SamplingParams, seed: int) -> None:
        self.template = template
        self.decode = decode
        self.seed = seed
        self.nearest: KNNExemplars | None = None

    def reset(self) -> None:
        """Remove the pool, as before compiling."""
        self.nearest = None

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        """Return the state as plain JSON values."""
        return {
            "template": asdict(self.template),
            "decode": self.decode.describe(),
            "seed": self.seed,
            "nearest": self.nearest and _dump_pool(self.nearest),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Set the state from the values that `dump_state` returned."""
        self.template = TypeAdapter(Template).validate_python(state["template"])
        self.decode = TypeAdapter(SamplingParams).validate_python(state["decode"])
        self.seed = state["seed"]
        self.nearest = state["nearest"] and _load_pool(state["nearest"])


class EnsembleState(Parameter):
    """Number of votes, shuffling and seed of an ensemble."""

    def __init__(self, votes: int, shuffle: bool, seed: int) -> None:
        self.votes = votes
        self.shuffle = shuffle
        self.seed = seed

    def reset(self) -> None:
        """Keep all values; none is a result of compiling."""

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        """Return the state as plain JSON values."""
        return {"votes": self.votes, "shuffle": self.shuffle, "seed": self.seed}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Set the state from the values that `dump_state` returned."""
        self.votes, self.shuffle, self.seed = state["votes"], state["shuffle"], state["seed"]


def with_stored_names(parameters: Iterable[tuple[str, Parameter]]) -> list[tuple[str, Parameter]]:
    """Replace a module's attribute names by the keys that saved states use."""
    return [(_STORED_NAMES.get(name, name), parameter) for name, parameter in parameters]


def _dump_pool(nearest: KNNExemplars) -> dict[str, Any]:
    index = nearest.index
    letters = [None if exemplar.letters is None else list(exemplar.letters) for exemplar in nearest.pool]
    return {
        "k": nearest.k,
        "balance": nearest.balance,
        "seed": nearest.seed,
        "order": nearest.order,
        "index": index.kind,
        "embedder": stable_name(index.embedder),
        "fingerprint": index.embedder.fingerprint,
        "pool": [to_demo(exemplar).toDict() for exemplar in nearest.pool],
        "letters": letters,
        "vectors": b64encode(index.vectors.astype("<f4").tobytes()).decode(),
    }


def _load_pool(state: Mapping[str, Any]) -> KNNExemplars:
    pool = tuple(
        replace(to_exemplar(demo), letters=None if letters is None else tuple(letters))
        for demo, letters in zip(state["pool"], state["letters"], strict=True)
    )
    vectors = np.frombuffer(b64decode(state["vectors"]), dtype="<f4").astype(np.float32).reshape(len(pool), -1)
    embedder = PinnedEmbedder(state["embedder"], state["fingerprint"])
    index = NeighbourIndex(tuple(exemplar.question for exemplar in pool), vectors, embedder, state["index"])
    return KNNExemplars(index, pool, state["k"], state["balance"], state["seed"], state.get("order", NEAREST_LAST))
