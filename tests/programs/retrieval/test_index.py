import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmedlm.data import BENCHMARKS, Question, UserError, near_duplicate
from openmedlm.programs.retrieval import (
    Embedder,
    IndexKind,
    NeighbourIndex,
    Neighbours,
    SentenceEmbedder,
    Vectors,
    build_index,
)

VIGNETTE = (
    "A 62-year-old man is brought to the clinic with crushing chest pain that spreads to the left arm and began two "
    "hours ago while he was shovelling snow. He is sweating and pale. Which vessel is most likely to be occluded?"
)
VESSELS = {"A": "Left anterior descending artery", "B": "Renal artery", "C": "Popliteal vein", "D": "Basilar artery"}
Load = Callable[[str, str], list[Question]]
Make = Callable[..., Any]


def invented(number: int) -> Question:
    """Return a question that is no near duplicate of one with another number."""
    options = {"A": f"Heart of {number}", "B": f"Liver of {number}"}
    return Question(f"q{number}", "invented", "pool", f"Organ {number} lies where on chart {number}?", options, "A")


@pytest.fixture
def heart_attack() -> Question:
    return Question("asked", "medqa", "dev", VIGNETTE, VESSELS, "A")


@pytest.fixture
def graphs_for_any_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openmedlm.programs.retrieval.index.HNSW_MIN_QUESTIONS", 0)


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_neighbours_have_the_largest_cosines(benchmark: str, sample: Load, embedder: Embedder, vectors: Path) -> None:
    pool, asked = sample(benchmark, "pool"), sample(benchmark, "dev")
    index = build_index(pool, embedder, vectors)
    cosines = embedder.encode([q.question for q in asked]) @ index.vectors.T
    for near, cosine in zip(index.nearest(asked, 5), cosines, strict=True):
        assert len(set(near.rows)) == 5
        assert cosine[list(near.rows)] == pytest.approx(np.sort(cosine)[::-1][:5], abs=2e-6)
        assert near.similarities == pytest.approx(cosine[list(near.rows)], abs=2e-6)


def test_nearest_neighbour_is_first(heart_attack: Question, embedder: Embedder, tmp_path: Path) -> None:
    stems = ("Which bone is in the wrist?", "What supplies the anterior wall of the heart?", "What is insulin?")
    pool = [Question(stem, "medqa", "pool", stem, {"A": "one", "B": "two"}, "A") for stem in stems]
    (near,) = build_index(pool, embedder, tmp_path).nearest([heart_attack], 3)
    assert near.rows[0] == 1
    assert near.similarities == tuple(sorted(near.similarities, reverse=True))


@pytest.mark.parametrize("k", [0, 1, 4, 24, 30])
def test_k_rows_are_returned_if_the_pool_has_them(k: int, sample: Load, embedder: Embedder, vectors: Path) -> None:
    index = build_index(sample("medqa", "pool"), embedder, vectors)
    found = index.nearest(sample("medqa", "dev"), k)
    assert [(len(near.rows), len(near.similarities)) for near in found] == [(min(k, 24), min(k, 24))] * 12


def test_empty_search_needs_no_embedder(make_embedder: Make) -> None:
    idle = make_embedder(fails_at=0)
    pool = [invented(n) for n in range(3)]
    index = NeighbourIndex(tuple(pool), np.eye(3, dtype=np.float32), idle)
    assert index.nearest([], 5) == []
    assert index.nearest(pool, 0) == [Neighbours((), (), 0)] * 3
    assert build_index([], idle, None).nearest(pool, 5) == [Neighbours((), (), 0)] * 3


def test_pool_question_is_not_its_own_neighbour(sample: Load, embedder: Embedder, vectors: Path) -> None:
    pool = sample("mmlu", "pool")
    for row, near in enumerate(build_index(pool, embedder, vectors).nearest(pool, 23)):
        assert row not in near.rows
        assert len(near.rows) == 23
        assert near.duplicates == 1


def test_duplicates_are_skipped_and_counted(
    heart_attack: Question, sample: Load, embedder: Embedder, tmp_path: Path
) -> None:
    reordered = dict(zip("ABCD", reversed(VESSELS.values()), strict=True))
    duplicates = [
        replace(heart_attack, id="exact", answer="B"),
        replace(heart_attack, id="reordered", options=reordered, answer="D"),
        replace(heart_attack, id="shouted", question=VIGNETTE.upper()),
        replace(heart_attack, id="older", question=VIGNETTE.replace("62", "63")),
    ]
    assert all(near_duplicate(heart_attack, duplicate) for duplicate in duplicates)
    pool = [*duplicates, *sample("medqa", "pool")]
    (near,) = build_index(pool, embedder, tmp_path).nearest([heart_attack], 5)
    assert len(near.rows) == 5
    assert not {pool[row].id for row in near.rows} & {duplicate.id for duplicate in duplicates}
    assert near.duplicates == 4


def test_only_duplicates_before_the_last_row_count() -> None:
    asked = invented(0)
    pool = (invented(1), replace(asked, id="near"), invented(2), replace(asked, id="far"), invented(3))
    angles = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    towards = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    index = NeighbourIndex(pool, towards, embedder=None)  # type: ignore[arg-type]
    straight = np.array([[1, 0]], dtype=np.float32)
    counted = [index.nearest_to(straight, [asked], k)[0] for k in (1, 2, 3, 4)]
    assert [near.rows for near in counted] == [(0,), (0, 2), (0, 2, 4), (0, 2, 4)]
    assert [near.duplicates for near in counted] == [0, 1, 2, 2]
    assert counted[2].similarities == pytest.approx(np.cos([0.1, 0.3, 0.5]), abs=1e-6)


def test_search_widens_past_many_duplicates(
    heart_attack: Question, sample: Load, embedder: Embedder, tmp_path: Path
) -> None:
    crowd = [replace(heart_attack, id=f"copy-{n}", question=f"{VIGNETTE} ({n})") for n in range(40)]
    pool = [*crowd, *sample("medqa", "pool")]
    index = build_index(pool, embedder, tmp_path)
    crowded, free = index.nearest([heart_attack, sample("medqa", "dev")[0]], 5)
    assert len(crowded.rows) == len(free.rows) == 5
    assert all(row >= len(crowd) for row in crowded.rows)
    assert (crowded.duplicates, free.duplicates) == (40, 0)
    cosines = (embedder.encode([VIGNETTE]) @ index.vectors.T)[0]
    assert cosines[list(crowded.rows)] == pytest.approx(np.sort(cosines[len(crowd) :])[::-1][:5], abs=2e-6)


def brute_force(index: NeighbourIndex, query: Vectors, asked: Question, k: int) -> Neighbours:
    """Return the documented result, computed over all rows with exact sums."""
    cosines = [round(math.fsum(map(float, row.astype(float) * query.astype(float))), 6) for row in index.vectors]
    rows, duplicates = [], 0
    for row in sorted(range(len(cosines)), key=lambda row: (-cosines[row], row)):
        if len(rows) == k:
            break
        if near_duplicate(asked, index.questions[row]):
            duplicates += 1
        else:
            rows.append(row)
    return Neighbours(tuple(rows), tuple(cosines[row] for row in rows), duplicates)


@st.composite
def crowded_pools(draw: st.DrawFn) -> tuple[NeighbourIndex, Vectors, list[Question], int]:
    """Draw few directions and many rows, so that ties extend past the candidates of faiss."""
    directions = draw(st.integers(1, 6))
    points = np.random.default_rng(draw(st.integers(0, 2**16))).normal(size=(directions, draw(st.integers(1, 40))))
    unit = np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), dtype=np.float32)
    at = draw(st.lists(st.integers(0, directions - 1), min_size=1, max_size=80))
    copies = draw(st.sets(st.integers(0, len(at) - 1), max_size=20))
    asked = [replace(invented(1000 + n), id="asked") for n in range(draw(st.integers(1, 4)))]
    pool = tuple(asked[n % len(asked)] if n in copies else invented(n) for n in range(len(at)))
    queries = unit[draw(st.lists(st.integers(0, directions - 1), min_size=len(asked), max_size=len(asked)))]
    return NeighbourIndex(pool, unit[at], embedder=None), queries, asked, draw(st.integers(1, 12))  # type: ignore[arg-type]


@pytest.mark.parametrize("allowed", [0, 8])
@settings(max_examples=150, deadline=None)
@given(crowded_pools())
def test_search_equals_brute_force_alone_and_in_a_batch(
    allowed: int, case: tuple[NeighbourIndex, Vectors, list[Question], int]
) -> None:
    index, queries, asked, k = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("openmedlm.programs.retrieval.index.EXTRA_CANDIDATES", allowed)
        together = index.nearest_to(queries, asked, k)
        alone = [index.nearest_to(queries[n : n + 1], asked[n : n + 1], k)[0] for n in range(len(asked))]
    assert together == alone
    assert together == [brute_force(index, query, question, k) for query, question in zip(queries, asked, strict=True)]


def test_ties_cut_by_faiss_are_in_row_order() -> None:
    """Of three hundred equal rows, faiss returns any ten."""
    vectors = np.concatenate([np.tile([[0.6, 0.8]], (300, 1)), [[1.0, 0.0]]]).astype(np.float32)
    index = NeighbourIndex(tuple(invented(n) for n in range(301)), vectors, embedder=None)  # type: ignore[arg-type]
    (near,) = index.nearest_to(np.array([[1, 0]], dtype=np.float32), [invented(1000)], 4)
    assert near == Neighbours((300, 0, 1, 2), (1.0, 0.6, 0.6, 0.6), 0)


def test_difference_below_float32_does_not_rank() -> None:
    nearly = np.array([[1, 3e-7], [1, 2e-7], [1, 0], [0.6, 0.8]], dtype=np.float32)
    index = NeighbourIndex(tuple(map(invented, range(4))), nearly, embedder=None)  # type: ignore[arg-type]
    straight = np.array([[0.8, 0.6]], dtype=np.float32)
    assert index.nearest_to(straight, [invented(9)], 4)[0].rows == (3, 0, 1, 2)


@pytest.mark.parametrize("folder", [True, False])
def test_neighbours_of_a_real_model_ignore_the_batch(
    folder: bool, sample: Load, minilm: SentenceEmbedder, tmp_path: Path
) -> None:
    pool, asked = sample("pubmedqa", "pool"), sample("pubmedqa", "dev")[:6]
    index = build_index(pool, minilm, tmp_path if folder else None)
    alone = [index.nearest([question], 5)[0] for question in asked]
    assert index.nearest(asked, 5) == alone
    assert index.nearest(asked[::-1], 5) == alone[::-1]


def test_given_vectors_need_no_embedder(make_embedder: Make, tmp_path: Path) -> None:
    pool, asked = [invented(n) for n in range(60)], [invented(n) for n in range(100, 110)]
    embedder = make_embedder()
    index = build_index(pool, embedder, tmp_path)
    at_hand = embedder.encode([question.question for question in asked])
    idle = replace(index, embedder=make_embedder(fails_at=0))
    assert idle.nearest_to(at_hand, asked, 5) == index.nearest(asked, 5)


def test_vectors_of_pool_and_questions_are_computed_once(make_embedder: Make, tmp_path: Path) -> None:
    pool, asked = [invented(n) for n in range(5)], [invented(n) for n in range(3, 8)]
    first, second = make_embedder(), make_embedder()
    found = build_index(pool, first, tmp_path).nearest(asked, 3)
    assert first.encoded == [question.question for question in [*pool, *asked[2:]]]
    index = build_index(pool, second, tmp_path)
    assert index.nearest(asked, 3) == found
    assert [index.nearest([question], 3)[0] for question in asked] == found
    assert second.calls == []


def test_search_without_a_folder_is_the_same(make_embedder: Make, tmp_path: Path) -> None:
    pool, asked = [invented(n) for n in range(30)], [invented(n) for n in range(28, 34)]
    kept, passing = (build_index(pool, make_embedder(), folder) for folder in (tmp_path, None))
    assert np.array_equal(kept.vectors, passing.vectors)
    assert kept.nearest(asked, 5) == passing.nearest(asked, 5)


def test_progress_is_reported_while_embedding(make_embedder: Make) -> None:
    progress: list[tuple[int, int]] = []
    build_index(
        [invented(n) for n in range(5)], make_embedder(), None, on_progress=lambda *counts: progress.append(counts)
    )
    assert progress == [(0, 5), (5, 5)]


@pytest.mark.usefixtures("graphs_for_any_pool")
def test_graph_finds_nearly_all_exact_neighbours(make_embedder: Make, tmp_path: Path) -> None:
    pool, asked = [invented(n) for n in range(2000)], [invented(n) for n in range(2000, 2060)]
    kinds: tuple[IndexKind, IndexKind] = ("exact", "hnsw")
    exact, graph, again = (
        build_index(pool, make_embedder(), tmp_path, kind).nearest(asked, 5) for kind in (*kinds, "hnsw")
    )
    shared = sum(len({*one.rows} & {*two.rows}) for one, two in zip(exact, graph, strict=True))
    assert shared >= 0.98 * 5 * len(asked)
    assert graph == again
    index = build_index(pool, make_embedder(), tmp_path, "hnsw")
    assert [index.nearest([question], 5)[0] for question in asked] == graph


@pytest.mark.usefixtures("graphs_for_any_pool")
def test_graph_skips_duplicates_and_widens(make_embedder: Make) -> None:
    asked = invented(1000)
    pool = [*[replace(asked, id=f"copy-{n}") for n in range(40)], *map(invented, range(200))]
    (near,) = build_index(pool, make_embedder(), None, "hnsw").nearest([asked], 5)
    assert near.duplicates == 40
    assert len(near.rows) == 5
    assert all(row >= 40 for row in near.rows)


def test_graph_of_a_small_pool_is_rejected_at_once(make_embedder: Make) -> None:
    embedder = make_embedder()
    with pytest.raises(UserError, match=r"hnsw: 3 questions.*100,000.*index exact") as caught:
        build_index([invented(n) for n in range(3)], embedder, None, "hnsw")
    assert "\n" not in str(caught.value)
    assert embedder.calls == []
    with pytest.raises(UserError, match="hnsw"):
        NeighbourIndex((invented(0),), np.ones((1, 1), dtype=np.float32), embedder, "hnsw")


def test_vectors_of_another_dimension_are_one_line(make_embedder: Make) -> None:
    pool = [invented(n) for n in range(3)]
    index = replace(build_index(pool, make_embedder(), None), embedder=make_embedder(dimension=16))
    with pytest.raises(UserError, match=r"'hashing': 16, but the pool has 8") as caught:
        index.nearest([invented(9)], 2)
    assert "\n" not in str(caught.value)


def test_wrong_number_of_vectors_is_rejected(make_embedder: Make) -> None:
    with pytest.raises(ValueError, match="2 and 1"):
        NeighbourIndex((invented(0),), np.eye(2, dtype=np.float32), make_embedder())
