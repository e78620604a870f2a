"""Nearest exemplars for many questions: faiss alone, and DSPy's KNN, beside what the product does.

    python benchmarks/neighbours.py [--pool 182822] [--questions 1273] [--dimension 384] [--rounds 5]

The pool has as many questions as MedMCQA's, the questions are as many as MedQA's test split; vectors are random and of
length one. The product finds each question's five nearest, leaves out those that repeat the question, ranks the rest by
a product in float64, and takes their order from the pool where they tie; faiss alone returns what IndexFlatIP finds.
DSPy's KNN takes one question at a time and compares it with the whole pool: it is asked for a few, and its time is that
of one question times all of them. Vectors are at hand in all three, and each contender's index is built beforehand.
"""

import argparse
import statistics

import dspy
import faiss
import numpy as np
import work

from openmedlm.programs.retrieval import NeighbourIndex, Vectors

K = 5
OF_DSPY = 20
"""Questions that DSPy's KNN is asked for in a round."""


class NoEmbedder:
    """Stands where an embedder is due: all vectors are at hand."""

    name = fingerprint = "random"
    together = 1

    def encode(self, texts: object) -> Vectors:
        raise AssertionError("nothing is embedded here")


def unit_vectors(count: int, dimension: int, seed: int) -> Vectors:
    """Random vectors of length one."""
    drawn = np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", type=int, default=182_822)
    parser.add_argument("--questions", type=int, default=1_273)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    pool, asked = (
        unit_vectors(options.pool, options.dimension, 0),
        unit_vectors(options.questions, options.dimension, 1),
    )
    made = work.questions(options.pool + options.questions, words=20)
    flat = faiss.IndexFlatIP(options.dimension)
    flat.add(pool)
    index = NeighbourIndex(made[: options.pool], pool, NoEmbedder())
    questions = made[options.pool :]
    index.nearest_to(asked[:1], questions[:1], K)

    def embedding(texts: list[str]) -> Vectors:
        return pool if len(texts) > 1 else asked[: len(texts)]

    knn = dspy.KNN(
        k=K,
        trainset=[dspy.Example(question=one.question).with_inputs("question") for one in index.questions],
        vectorizer=dspy.Embedder(embedding, caching=False, batch_size=options.pool),
    )

    def of_dspy() -> None:
        for _ in range(OF_DSPY):
            knn(question="any")

    contenders = {
        "the product": (lambda: index.nearest_to(asked, questions, K), 1.0),
        "faiss.IndexFlatIP": (lambda: flat.search(asked, K), 1.0),
        "dspy.KNN": (of_dspy, options.questions / OF_DSPY),
    }
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(options.rounds):
        for name, (call, times) in contenders.items():
            taken[name].append(work.seconds(call) * times)
    own = taken["the product"]
    for name, each in taken.items():
        ratio = statistics.median(a / b for a, b in zip(own, each, strict=True))
        print(f"{name:<18} {statistics.median(each):>7.2f} s, the product takes {ratio:.2f}x of it")


if __name__ == "__main__":
    main()
