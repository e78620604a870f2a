"""What makes a strategy's prompts besides its predictor, as DSPy saves and loads it."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from dspy.predict.parameter import Parameter
from pydantic import TypeAdapter

from openmedlm.programs.convert import to_demo, to_exemplar
from openmedlm.programs.frozen.pinned_embedder import PinnedEmbedder, lasting_name
from openmedlm.programs.retrieval import NeighbourIndex
from openmedlm.programs.retrieval.knn_exemplars import NEAREST_LAST, KNNExemplars
from openmedlm.programs.sampling_params import SamplingParams
from openmedlm.programs.template import Template


class PromptState(Parameter):
    """Template, decode parameters, seed and, where the strategy retrieves, the pool.

    As a parameter of the module it is part of `dspy.Module.save` and `load`, at any depth of a user's own program;
    DSPy's state of a predictor knows none of it.
    """

    def __init__(self, template: Template, decode: SamplingParams, seed: int) -> None:
        self.template = template
        self.decode = decode
        self.seed = seed
        self.nearest: KNNExemplars | None = None

    def reset(self) -> None:
        """Without a pool, as before compiling."""
        self.nearest = None

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        return {
            "template": asdict(self.template),
            "decode": asdict(self.decode),
            "seed": self.seed,
            "nearest": self.nearest and _pool_state(self.nearest),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        self.template = TypeAdapter(Template).validate_python(state["template"])
        self.decode = TypeAdapter(SamplingParams).validate_python(state["decode"])
        self.seed = state["seed"]
        self.nearest = state["nearest"] and _pool(state["nearest"])


class EnsembleState(Parameter):
    """An ensemble's size, whether it shuffles, and its seed, as DSPy saves and loads them."""

    def __init__(self, votes: int, shuffle: bool, seed: int) -> None:
        self.votes = votes
        self.shuffle = shuffle
        self.seed = seed

    def reset(self) -> None:
        """They are no result of compiling."""

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        return {"votes": self.votes, "shuffle": self.shuffle, "seed": self.seed}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self.votes, self.shuffle, self.seed = state["votes"], state["shuffle"], state["seed"]


def _pool_state(nearest: KNNExemplars) -> dict[str, Any]:
    index = nearest.index
    letters = [None if exemplar.letters is None else list(exemplar.letters) for exemplar in nearest.pool]
    return {
        "k": nearest.k,
        "balance": nearest.balance,
        "seed": nearest.seed,
        "order": nearest.order,
        "index": index.kind,
        "embedder": lasting_name(index.embedder),
        "fingerprint": index.embedder.fingerprint,
        "pool": [to_demo(exemplar).toDict() for exemplar in nearest.pool],
        "letters": letters,
        "vectors": b64encode(index.vectors.astype("<f4").tobytes()).decode(),
    }


def _pool(state: Mapping[str, Any]) -> KNNExemplars:
    pool = tuple(
        replace(to_exemplar(demo), letters=None if letters is None else tuple(letters))
        for demo, letters in zip(state["pool"], state["letters"], strict=True)
    )
    vectors = np.frombuffer(b64decode(state["vectors"]), dtype="<f4").astype(np.float32).reshape(len(pool), -1)
    embedder = PinnedEmbedder(state["embedder"], state["fingerprint"])
    index = NeighbourIndex(tuple(exemplar.question for exemplar in pool), vectors, embedder, state["index"])
    return KNNExemplars(index, pool, state["k"], state["balance"], state["seed"], state.get("order", NEAREST_LAST))
