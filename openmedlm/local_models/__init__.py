"""Embedded models: small GGUF weights, served on loopback by llama.cpp's server."""

from openmedlm.local_models.catalogue import CATALOGUE, EmbeddedModel, Part, resolve
from openmedlm.local_models.server import SLOTS, ServedModel, serve
from openmedlm.local_models.weights import weights

__all__ = ["CATALOGUE", "SLOTS", "EmbeddedModel", "Part", "ServedModel", "resolve", "serve", "weights"]
