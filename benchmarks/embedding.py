"""Time to embed a pool, compared with sentence-transformers at its best batch size.

    python benchmarks/embedding.py [--texts 500] [--words 90] [--rounds 5]

OpenMedLM encodes texts in batches of fixed shapes, so that a vector depends on its text alone, and saves each vector to
disk; the second pass reads all of them from disk. Texts of 90 words are as long as MedQA's vignettes, texts of 15 words
as MedMCQA's one-line questions.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import work

from openmedlm.programs.retrieval import encode_cached, find_embedder

BATCHES = (1, 8, 32, 128)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--words", type=int, default=90)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    texts = [question.question for question in work.questions(options.texts, options.words)]
    embedder = find_embedder(None)
    embedder.encode(texts[:2])
    model = embedder._model

    def theirs(batch: int) -> Callable[[], object]:
        return lambda: model.encode(texts, batch_size=batch, normalize_embeddings=True, show_progress_bar=False)

    best = min(BATCHES, key=lambda batch: work.seconds(theirs(batch)))
    first, again, other = [], [], []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            first.append(work.seconds(lambda place=Path(folder): encode_cached(texts, embedder, place)))
            again.append(work.seconds(lambda place=Path(folder): encode_cached(texts, embedder, place)))
        other.append(work.seconds(theirs(best)))
    ratio = statistics.median(a / b for a, b in zip(first, other, strict=True))
    print(f"{options.texts} texts of {options.words} words: {statistics.median(first):.2f} s with saving; ", end="")
    print(f"from disk: {1000 * statistics.median(again):.1f} ms; ", end="")
    print(f"sentence-transformers, batch size {best}: {statistics.median(other):.2f} s; ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
