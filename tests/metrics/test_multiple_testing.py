import pytest

from openmedlm.metrics import benjamini_hochberg

PUBLISHED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0
]  # fmt: skip
"""Fifteen p-values of the paper, section 3; its procedure rejects the first four at q = 0.05."""


def test_benjamini_hochberg_rejects_as_in_the_paper() -> None:
    adjusted = benjamini_hochberg(PUBLISHED)
    assert [value <= 0.05 for value in adjusted] == [True] * 4 + [False] * 11


def test_benjamini_hochberg_keeps_the_order() -> None:
    assert benjamini_hochberg(PUBLISHED[::-1]) == benjamini_hochberg(PUBLISHED)[::-1]


def test_benjamini_hochberg_single_test_is_unchanged() -> None:
    assert (benjamini_hochberg([0.03]), benjamini_hochberg([])) == ([0.03], [])


def test_benjamini_hochberg_invalid_p_value_is_refused() -> None:
    with pytest.raises(ValueError, match=r"p_values .* 1\.5"):
        benjamini_hochberg([1.5])
