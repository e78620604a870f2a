import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.programs.retrieval import Vectors
from openmedlm.programs.retrieval.knn import IndexKind, error_bound, faiss_index, find_candidates, rank


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    """Three thousand unit vectors around fifty centres, like questions around topics."""
    draw = np.random.default_rng(0)
    centres = np.repeat(draw.normal(size=(50, 24)), 60, axis=0)
    points = centres + 0.4 * draw.normal(size=centres.shape)
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
def test_rest_bounds_the_cosine_of_other_rows(kind: IndexKind, vectors: Vectors) -> None:
    cosines = vectors[:40].astype(np.float64) @ vectors.T.astype(np.float64)
    exceeding = 0
    for cosine, (rows, rest) in zip(
        cosines, find_candidates(faiss_index(vectors, kind), vectors[:40], 20), strict=True
    ):
        assert len(set(rows.tolist())) == 20
        assert cosine[rows].min() == pytest.approx(rest, abs=error_bound(24))
        exceeding += int((np.delete(cosine, rows) > rest + error_bound(24)).sum())
    assert exceeding <= (0 if kind == "exact" else 8)


def test_graph_ignores_the_number_of_threads(vectors: Vectors) -> None:
    threads = faiss.omp_get_max_threads()
    built = []
    try:
        for many in (1, 2, 4):
            faiss.omp_set_num_threads(many)
            built.append(bytes(faiss.serialize_index(faiss_index(vectors, "hnsw"))))
            assert faiss.omp_get_max_threads() == many
    finally:
        faiss.omp_set_num_threads(threads)
    assert built[0] == built[1] == built[2]


def test_graph_is_built_by_one_thread(vectors: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some releases of faiss link rows in another order with several threads."""
    add, threads = faiss.IndexHNSWFlat.add, []

    def watched(self: faiss.IndexHNSWFlat, rows: Vectors) -> None:
        threads.append(faiss.omp_get_max_threads())
        add(self, rows)

    monkeypatch.setattr(faiss.IndexHNSWFlat, "add", watched)
    faiss_index(vectors[:10], "hnsw")
    assert threads == [1]


def test_graph_candidates_ignore_the_batch(vectors: Vectors) -> None:
    graph = faiss_index(vectors, "hnsw")
    together = find_candidates(graph, vectors[:30], 12)
    for query, (rows, rest) in zip(vectors, together, strict=False):
        ((alone, rest_alone),) = find_candidates(graph, query[np.newaxis], 12)
        assert rows.tolist() == alone.tolist()
        assert rest == rest_alone


def test_graph_with_fewer_rows_returns_them() -> None:
    few = np.eye(5, dtype=np.float32)
    ((rows, _),) = find_candidates(faiss_index(few, "hnsw"), few[:1], 9)
    assert sorted(rows.tolist()) == [0, 1, 2, 3, 4]


def unit(rows: int, dimension: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_rank_sorts_by_cosine() -> None:
    pool = unit(50, 384, seed=1)
    rows, similarities = rank(pool, pool[7], np.arange(50))
    assert rows[0] == 7
    assert similarities[0] == 1.0
    assert similarities == sorted(similarities, reverse=True)
    assert similarities == pytest.approx((pool @ pool[7])[rows], abs=1e-6)


def test_rank_puts_ties_in_row_order() -> None:
    pool = np.repeat(unit(2, 16, seed=2), 5, axis=0)
    assert rank(pool, pool[9], np.array([8, 1, 9, 4, 5, 0, 7]))[0] == [5, 7, 8, 9, 0, 1, 4]


def test_rank_rounds_without_negative_zero() -> None:
    pool = np.array([[1, 0], [0.6, 0.8], [1e-9, -1]], dtype=np.float32)
    _, similarities = rank(pool, np.array([-1, 1e-9], dtype=np.float32), np.arange(3))
    assert [f"{similarity}" for similarity in similarities] == ["0.0", "-0.6", "-1.0"]


@given(st.integers(1, 40), st.sampled_from([1, 3, 8, 130, 384, 1024]), st.data())
def test_rank_similarity_ignores_other_rows(rows: int, dimension: int, data: st.DataObject) -> None:
    pool = unit(rows, dimension, seed=rows)
    query = unit(1, dimension, seed=dimension)[0]
    some = data.draw(st.lists(st.integers(0, rows - 1), min_size=1, unique=True))
    among_all = dict(zip(*rank(pool, query, np.arange(rows)), strict=True))
    for row, similarity in zip(*rank(pool, query, np.array(some)), strict=True):
        assert similarity == among_all[row]


def test_rank_in_blocks_equals_rank_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, query = unit(100, 8, seed=3), unit(1, 8, seed=4)[0]
    whole = rank(pool, query, np.arange(100))
    monkeypatch.setattr("openmedlm.programs.retrieval.knn._BLOCK_ROWS", 7)
    assert rank(pool, query, np.arange(100)) == whole
