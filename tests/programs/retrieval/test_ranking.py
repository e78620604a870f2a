import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.programs.retrieval.ranking import rank


def unit(rows: int, dimension: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_rows_come_by_cosine_and_carry_it() -> None:
    pool = unit(50, 384, seed=1)
    rows, similarities = rank(pool, pool[7], np.arange(50))
    assert rows[0] == 7
    assert similarities[0] == 1.0
    assert similarities == sorted(similarities, reverse=True)
    assert similarities == pytest.approx((pool @ pool[7])[rows], abs=1e-6)


def test_equal_vectors_come_in_row_order_whatever_the_order_of_the_candidates() -> None:
    pool = np.repeat(unit(2, 16, seed=2), 5, axis=0)
    assert rank(pool, pool[9], np.array([8, 1, 9, 4, 5, 0, 7]))[0] == [5, 7, 8, 9, 0, 1, 4]


def test_similarities_have_six_decimals_and_no_negative_zero() -> None:
    pool = np.array([[1, 0], [0.6, 0.8], [1e-9, -1]], dtype=np.float32)
    _, similarities = rank(pool, np.array([-1, 1e-9], dtype=np.float32), np.arange(3))
    assert [f"{similarity}" for similarity in similarities] == ["0.0", "-0.6", "-1.0"]


@given(st.integers(1, 40), st.sampled_from([1, 3, 8, 130, 384, 1024]), st.data())
def test_a_row_has_the_same_similarity_among_any_others(rows: int, dimension: int, data: st.DataObject) -> None:
    pool = unit(rows, dimension, seed=rows)
    query = unit(1, dimension, seed=dimension)[0]
    some = data.draw(st.lists(st.integers(0, rows - 1), min_size=1, unique=True))
    among_all = dict(zip(*rank(pool, query, np.arange(rows)), strict=True))
    for row, similarity in zip(*rank(pool, query, np.array(some)), strict=True):
        assert similarity == among_all[row]


def test_a_pool_of_more_rows_than_are_compared_at_once_ranks_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, query = unit(100, 8, seed=3), unit(1, 8, seed=4)[0]
    whole = rank(pool, query, np.arange(100))
    monkeypatch.setattr("openmedlm.programs.retrieval.ranking._BLOCK", 7)
    assert rank(pool, query, np.arange(100)) == whole
