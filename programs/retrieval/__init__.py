"""Nearest-neighbour retrieval of pool questions."""

from openmedlm.programs.retrieval.embedder import Embedder, Vectors
from openmedlm.programs.retrieval.index import NeighbourIndex, Neighbours, build_index
from openmedlm.programs.retrieval.knn import IndexKind
from openmedlm.programs.retrieval.litellm_embedder import LitellmEmbedder
from openmedlm.programs.retrieval.registry import find_embedder
from openmedlm.programs.retrieval.sentence_transformers import SentenceEmbedder
from openmedlm.programs.retrieval.vector_cache import encode_cached
from openmedlm.programs.retrieval.vector_store import VectorStore

__all__ = [
    "Embedder",
    "IndexKind",
    "LitellmEmbedder",
    "NeighbourIndex",
    "Neighbours",
    "SentenceEmbedder",
    "VectorStore",
    "Vectors",
    "build_index",
    "encode_cached",
    "find_embedder",
]
