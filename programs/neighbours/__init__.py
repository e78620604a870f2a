"""Which pool questions are near a question."""

from programs.neighbours.embedder import Embedder, Vectors
from programs.neighbours.finding import find_embedder
from programs.neighbours.index import NeighbourIndex, Neighbours, build_index
from programs.neighbours.keeping import encode_kept
from programs.neighbours.litellm_embedder import LitellmEmbedder
from programs.neighbours.search import Kind
from programs.neighbours.sentence_embedder import SentenceEmbedder
from programs.neighbours.vector_store import VectorStore

__all__ = [
    "Embedder",
    "Kind",
    "LitellmEmbedder",
    "NeighbourIndex",
    "Neighbours",
    "SentenceEmbedder",
    "VectorStore",
    "Vectors",
    "build_index",
    "encode_kept",
    "find_embedder",
]
