import pytest

from openmedlm.metrics import macro_average, macro_f1
from openmedlm.metrics.accuracy import score


def test_macro_average_weighs_groups_equally() -> None:
    assert macro_average([score([True] * 90 + [False] * 10), score([False])]) == pytest.approx(0.45)
    assert macro_average([score([])]) is None


def test_macro_f1_weighs_letters_equally() -> None:
    """yes: 2 of 2 found and 1 too many, 4/5; no: 1 of 2, 2/3; maybe: none of 1, 0."""
    golds, answers = ["A", "A", "B", "B", "C"], ["A", "A", "B", "A", None]
    assert macro_f1(golds, answers) == pytest.approx((4 / 5 + 2 / 3 + 0) / 3)


def test_an_answer_that_is_never_right_is_no_class_of_its_own() -> None:
    assert macro_f1(["A", "A"], ["A", "D"]) == pytest.approx(2 / 3)


def test_no_question_has_no_f1() -> None:
    assert macro_f1([], []) is None
