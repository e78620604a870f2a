import faiss
import numpy as np
import pytest

from openmedlm.programs.retrieval import Vectors
from openmedlm.programs.retrieval.knn import Kind, candidates, error_bound, faiss_index


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    """Three thousand unit vectors around fifty centres, as questions lie around topics."""
    draw = np.random.default_rng(0)
    centres = np.repeat(draw.normal(size=(50, 24)), 60, axis=0)
    points = centres + 0.4 * draw.normal(size=centres.shape)
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
def test_no_other_row_exceeds_what_is_said_of_the_rest(kind: Kind, vectors: Vectors) -> None:
    cosines = vectors[:40].astype(np.float64) @ vectors.T.astype(np.float64)
    exceeding = 0
    for cosine, (rows, rest) in zip(cosines, candidates(faiss_index(vectors, kind), vectors[:40], 20), strict=True):
        assert len(set(rows.tolist())) == 20
        assert cosine[rows].min() == pytest.approx(rest, abs=error_bound(24))
        exceeding += int((np.delete(cosine, rows) > rest + error_bound(24)).sum())
    assert exceeding <= (0 if kind == "exact" else 8)


def test_a_graph_depends_on_the_rows_and_their_order_alone(vectors: Vectors) -> None:
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


def test_a_graph_is_built_by_one_thread(vectors: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some releases of faiss link rows in another order where several threads do."""
    add, threads = faiss.IndexHNSWFlat.add, []

    def watched(self: faiss.IndexHNSWFlat, rows: Vectors) -> None:
        threads.append(faiss.omp_get_max_threads())
        add(self, rows)

    monkeypatch.setattr(faiss.IndexHNSWFlat, "add", watched)
    faiss_index(vectors[:10], "hnsw")
    assert threads == [1]


def test_a_graph_gives_a_query_the_same_candidates_alone_and_among_others(vectors: Vectors) -> None:
    graph = faiss_index(vectors, "hnsw")
    together = candidates(graph, vectors[:30], 12)
    for query, (rows, rest) in zip(vectors, together, strict=False):
        ((alone, rest_alone),) = candidates(graph, query[np.newaxis], 12)
        assert rows.tolist() == alone.tolist()
        assert rest == rest_alone


def test_a_graph_that_leads_to_fewer_rows_than_wanted_gives_those() -> None:
    few = np.eye(5, dtype=np.float32)
    ((rows, _),) = candidates(faiss_index(few, "hnsw"), few[:1], 9)
    assert sorted(rows.tolist()) == [0, 1, 2, 3, 4]
