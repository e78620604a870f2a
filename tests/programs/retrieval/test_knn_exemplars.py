from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from openmedlm.data import BENCHMARKS, Question, near_duplicate
from openmedlm.programs import Exemplar, KNNExemplars, exemplar_from_explanation
from openmedlm.programs.exemplar import exemplars_digest
from openmedlm.programs.retrieval import Embedder, build_index

Load = Callable[[str, str], list[Question]]


def nearest(pool: list[Question], k: int, embedder: Embedder, cache: Path) -> KNNExemplars:
    exemplars = tuple(exemplar_from_explanation(question) or Exemplar(question) for question in pool)
    return KNNExemplars(build_index(pool, embedder, cache), exemplars, k)


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_nearest_exemplar_is_last_by_default(benchmark: str, sample: Load, embedder: Embedder, vectors: Path) -> None:
    asked = sample(benchmark, "dev")
    source = nearest(sample(benchmark, "pool"), 4, embedder, vectors)
    for question, selection in zip(asked, source.choose(asked), strict=True):
        texts = [question.question, *[exemplar.question.question for exemplar in selection.exemplars]]
        query, *shown = embedder.encode(texts)
        cosines = [float(query @ vector) for vector in shown]
        assert len(cosines) == 4
        assert cosines == sorted(cosines)
        assert selection.similarities == pytest.approx(cosines, abs=1e-5)


def test_nearest_exemplar_is_first_on_request(sample: Load, embedder: Embedder, vectors: Path) -> None:
    last = nearest(sample("mmlu", "pool"), 4, embedder, vectors)
    first = replace(last, order="nearest-first", balance=False)
    asked = sample("mmlu", "dev")
    for one, other in zip(first.choose(asked), replace(last, balance=False).choose(asked), strict=True):
        assert one.exemplars == other.exemplars[::-1]
        assert one.similarities == other.similarities[::-1]


def test_exemplars_keep_their_rationales(sample: Load, embedder: Embedder, vectors: Path) -> None:
    source = nearest(sample("medqa", "pool"), 3, embedder, vectors)
    (selection,) = source.choose(sample("medqa", "dev")[:1])
    assert len(selection.exemplars) == 3
    assert all(exemplar in source.pool and exemplar.rationale for exemplar in selection.exemplars)


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_question_is_not_its_own_exemplar(benchmark: str, sample: Load, embedder: Embedder, vectors: Path) -> None:
    pool = sample(benchmark, "pool")
    copies = [replace(question, id="asked", split="dev") for question in pool]
    for question, selection in zip(copies, nearest(pool, 5, embedder, vectors).choose(copies), strict=True):
        assert len(selection.exemplars) == 5
        assert selection.duplicates == 1
        assert not any(near_duplicate(question, exemplar.question) for exemplar in selection.exemplars)


def test_exemplars_ignore_the_batch(sample: Load, minilm: Embedder, vectors: Path) -> None:
    source, asked = nearest(sample("mmlu", "pool"), 5, minilm, vectors), sample("mmlu", "dev")
    assert source.choose(asked) == [source.choose([question])[0] for question in asked]


def test_description_holds_k_and_the_index(sample: Load, embedder: Embedder, vectors: Path) -> None:
    source = nearest(sample("mmlu", "pool"), 5, embedder, vectors)
    described = source.describe()
    assert described == {
        "kind": "nearest",
        "k": 5,
        "exemplars": exemplars_digest(source.pool),
        "embedder": embedder.fingerprint,
        "index": "exact",
        "balance": True,
        "seed": 0,
        "order": "nearest-last",
    }
    reworded = replace(source, pool=(replace(source.pool[0], rationale="Another."), *source.pool[1:]))
    assert reworded.describe() != described
    smaller = nearest(sample("mmlu", "pool")[:-1], 5, embedder, vectors)
    assert smaller.describe()["exemplars"] != described["exemplars"]
