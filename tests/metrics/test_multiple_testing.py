import pytest

from openmedlm.metrics import benjamini_hochberg

PUBLISHED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0
]  # fmt: skip
"""The fifteen p-values of the paper's section 3, of which its procedure rejects the first four at q = 0.05."""


def test_it_rejects_what_the_paper_rejects() -> None:
    adjusted = benjamini_hochberg(PUBLISHED)
    assert [value <= 0.05 for value in adjusted] == [True] * 4 + [False] * 11


def test_the_order_of_the_tests_is_kept() -> None:
    assert benjamini_hochberg(PUBLISHED[::-1]) == benjamini_hochberg(PUBLISHED)[::-1]


def test_one_test_needs_no_adjustment_and_none_has_none() -> None:
    assert (benjamini_hochberg([0.03]), benjamini_hochberg([])) == ([0.03], [])


def test_a_number_that_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg([1.5])
