"""Time to find nearest exemplars for many questions, compared with faiss alone and DSPy's KNN.

    python benchmarks/neighbours.py [--pool 182822] [--questions 1273] [--dimension 384] [--rounds 5]

The pool has MedMCQA's size and the questions have the size of MedQA's test split; vectors are random, of length one.
OpenMedLM finds the five nearest exemplars of each question, removes duplicates of the question, ranks the rest by a
float64 product, and breaks ties by pool order. faiss alone returns the result of IndexFlatIP. DSPy's KNN compares one
question at a time with the whole pool: it runs on a few questions, and its time is extrapolated to all of them. All
vectors exist beforehand, and each index is built before the measurement.
"""

import argparse
import statistics

import dspy
import faiss
import numpy as np
import work

from openmedlm.programs.retrieval import NeighbourIndex, Vectors

K = 5
DSPY_QUESTIONS = 20
"""Number of questions per round for DSPy's KNN."""


class NoEmbedder:
    """Embedder that is never called, since all vectors exist."""

    name = fingerprint = "random"
    together = 1

    def encode(self, texts: object) -> Vectors:
        raise AssertionError("no text should be embedded")


def unit_vectors(count: int, dimension: int, seed: int) -> Vectors:
    """Return random vectors of length one."""
    vectors = np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", type=int, default=182_822)
    parser.add_argument("--questions", type=int, default=1_273)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    pool, targets = (
        unit_vectors(options.pool, options.dimension, 0),
        unit_vectors(options.questions, options.dimension, 1),
    )
    made = work.questions(options.pool + options.questions, words=20)
    flat = faiss.IndexFlatIP(options.dimension)
    flat.add(pool)
    index = NeighbourIndex(made[: options.pool], pool, NoEmbedder())
    questions = made[options.pool :]
    index.nearest_to(targets[:1], questions[:1], K)

    def embedding(texts: list[str]) -> Vectors:
        return pool if len(texts) > 1 else targets[: len(texts)]

    knn = dspy.KNN(
        k=K,
        trainset=[dspy.Example(question=one.question).with_inputs("question") for one in index.questions],
        vectorizer=dspy.Embedder(embedding, caching=False, batch_size=options.pool),
    )

    def dspy_knn() -> None:
        for _ in range(DSPY_QUESTIONS):
            knn(question="any")

    contenders = {
        "openmedlm": (lambda: index.nearest_to(targets, questions, K), 1.0),
        "faiss.IndexFlatIP": (lambda: flat.search(targets, K), 1.0),
        "dspy.KNN": (dspy_knn, options.questions / DSPY_QUESTIONS),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(options.rounds):
        for name, (call, times) in contenders.items():
            seconds[name].append(work.seconds(call) * times)
    own = seconds["openmedlm"]
    for name, each in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(own, each, strict=True))
        print(f"{name:<18} {statistics.median(each):>7.2f} s; openmedlm takes {ratio:.2f} times as long")


if __name__ == "__main__":
    main()
