"""Signs, comparisons, powers and units belong to the text of an option."""

from collections.abc import Callable
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.metrics.answer_parsing import parse_answer

Parse = Callable[..., str | None]
SIGNED = {"A": "2.5", "B": "-2.5", "C": "12.5", "D": "5"}
SIZES = {"A": "5 mm", "B": "< 5 mm", "C": "> 5 mm", "D": "≥ 5 mm"}
AGES = {"A": "≥65", "B": "<65", "C": "≤65", "D": "65"}
PH = {"A": "pH <7.35", "B": "pH >7.35", "C": "pH 7.35", "D": "pH 7.35-7.45"}
CHARGES = {"A": "+2", "B": "-2", "C": "2", "D": "±2"}
POWERS = {"A": "10^3", "B": "10^-3", "C": "103", "D": "10"}
RATIOS = {"A": "1:2", "B": "1/2", "C": "1", "D": "12"}
SHARES = {"A": "5%", "B": "50%", "C": "5", "D": "~5%"}
VOLTAGES = {"A": "-8 mV", "B": "8 mV", "C": "-80 mV", "D": "+8 mV"}
RELATIONS = {"A": "=", "B": "<", "C": "+/-", "D": "-"}
RANGES = {"A": "2-5", "B": "2", "C": "5", "D": "25"}
HORMONES = {"A": "↑ TSH, ↓ T4", "B": "↓ TSH, ↑ T4", "C": "TSH, T4", "D": "↔ TSH"}
AMOUNTS = {"A": "1,000 mL", "B": "1 mL", "C": "100 mL", "D": "10,000 mL"}


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        (SIGNED, "-2.5", "B"),
        (SIGNED, "−2.5", "B"),
        (SIGNED, "–2.5", "B"),
        (SIGNED, "2.5", "A"),
        (SIGNED, "12.5", "C"),
        (SIGNED, "-12.5", None),
        (SIGNED, "-5", None),
        (SIGNED, "25", None),
        (SIGNED, "5.", "D"),
        (SIGNED, "5-10", None),
        (SIZES, "< 5 mm", "B"),
        (SIZES, "<5 mm", "B"),
        (SIZES, "&lt;5 mm", "B"),
        (SIZES, "> 5 mm", "C"),
        (SIZES, ">5 mm", "C"),
        (SIZES, ">= 5 mm", "D"),
        (SIZES, r"$\geq 5$ mm", "D"),
        (SIZES, "5 mm", "A"),
        (SIZES, "≤ 5 mm", None),
        (SIZES, "~5 mm", None),
        (AGES, "≥65", "A"),
        (AGES, ">=65", "A"),
        (AGES, "<65", "B"),
        (AGES, "≤ 65", "C"),
        (AGES, "<= 65", "C"),
        (AGES, "65", "D"),
        (AGES, ">65", None),
        (PH, "pH <7.35", "A"),
        (PH, "pH < 7.35", "A"),
        (PH, "pH >7.35", "B"),
        (PH, "pH 7.35", "C"),
        (PH, "pH 7.35–7.45", "D"),
        (PH, "pH 7.35 - 7.45", "D"),
        (CHARGES, "+2", "A"),
        (CHARGES, "-2", "B"),
        (CHARGES, "−2", "B"),
        (CHARGES, "2", "C"),
        (CHARGES, "±2", "D"),
        (CHARGES, "+/-2", "D"),
        (CHARGES, r"$\pm 2$", "D"),
        (POWERS, "10^-3", "B"),
        (POWERS, "10⁻³", "B"),
        (POWERS, "$10^{-3}$", "B"),
        (POWERS, "10^3", "A"),
        (POWERS, "10³", "A"),
        (POWERS, "103", "C"),
        (POWERS, "10", "D"),
        (RATIOS, "1:2", "A"),
        (RATIOS, "1 : 2", "A"),
        (RATIOS, "1/2", "B"),
        (RATIOS, "½", "B"),
        (RATIOS, r"$\frac{1}{2}$", "B"),
        (RATIOS, "1", "C"),
        (RATIOS, "1:3", None),
        (RATIOS, "1½", None),
        (SHARES, "5%", "A"),
        (SHARES, "5 %", "A"),
        (SHARES, r"5\%", "A"),
        (SHARES, "50%", "B"),
        (SHARES, "5", "C"),
        (SHARES, "~5%", "D"),
        (SHARES, "≈5%", "D"),
        (SHARES, "0.5%", None),
        (VOLTAGES, "−8 mV", "A"),
        (VOLTAGES, "-8 mV", "A"),
        (VOLTAGES, "8 mV", "B"),
        (VOLTAGES, "-80 mV", "C"),
        (VOLTAGES, "+8 mV", "D"),
        (RELATIONS, "=", "A"),
        (RELATIONS, "<", "B"),
        (RELATIONS, "+/-", "C"),
        (RELATIONS, "±", "C"),
        (RELATIONS, "-", "D"),
        (RELATIONS, ">", None),
        (RANGES, "2-5", "A"),
        (RANGES, "2–5", "A"),
        (RANGES, "2 – 5", "A"),
        (RANGES, "2", "B"),
        (RANGES, "2-6", None),
        (RANGES, "2–6", None),
        (HORMONES, "↑ TSH, ↓ T4", "A"),
        (HORMONES, "↓TSH, ↑T4", "B"),
        (AMOUNTS, "1,000 mL", "A"),
        (AMOUNTS, "1000 mL", "A"),
        (AMOUNTS, "10000 mL", "D"),
        (AMOUNTS, "1 mL", "B"),
    ],
)
def test_parse_answer_signs_belong_to_the_text(
    letter: Parse, options: dict[str, str], text: str, expected: str | None
) -> None:
    shapes = ("{}", "Answer: {}", "The answer is {}", "Answer: ({})", r"\boxed{{{}}}", '{{"answer": "{}"}}', "**{}**")
    assert [letter(shape.format(text), options) for shape in shapes] == [expected] * len(shapes)


@pytest.mark.parametrize("text", ["- 2.5", "Answer: - 2.5", "Answer:\n- 2.5"])
def test_parse_answer_dash_and_space_is_ambiguous(letter: Parse, text: str) -> None:
    assert letter(text, SIGNED) is None
    assert letter(text, {"A": "2.5", "B": "3.5"}) == "A"
    assert letter(text, {"A": "-2.5", "B": "3.5"}) == "A"


@pytest.mark.parametrize("text", ["B. -2.5", "B) −2.5", "B -2.5", "B - 2.5", "(B) -2.5", "B: -2.5", "B – -2.5", "B"])
@pytest.mark.parametrize("cue", ["", "Answer: ", "The answer is ", "The correct option is "])
def test_parse_answer_letter_before_signed_text(letter: Parse, cue: str, text: str) -> None:
    assert letter(cue + text, SIGNED) == "B"


@pytest.mark.parametrize("text", ["B. 2.5", "Answer: B) 2.5", "A. -2.5", "Answer: A (−2.5)"])
def test_parse_answer_letter_with_other_sign_is_conflict(letter: Parse, text: str) -> None:
    assert letter(text, SIGNED) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "-", "+", "<", ">", "≤", "≥", "±", "~"]), st.integers(1, 999)),
        min_size=2,
        max_size=5,
        unique=True,
    ),
    st.sampled_from(["", " mg", "%", " mV"]),
    st.sampled_from(["{}", "Answer: {}", "The answer is {}.", '{{"answer": "{}"}}', r"\boxed{{{}}}"]),
)
def test_parse_answer_signed_number_names_its_option(numbers: list[tuple[str, int]], unit: str, shape: str) -> None:
    options = {letter: f"{sign}{number}{unit}" for letter, (sign, number) in zip("ABCDE", numbers, strict=False)}
    for letter, text in options.items():
        assert parse_answer(shape.format(text), options).letter == letter


@pytest.mark.parametrize("signs", [*permutations(["", "-", "<"], 2)])
def test_parse_answer_other_sign_names_no_option(signs: tuple[str, str]) -> None:
    asked, given_sign = signs
    assert parse_answer(f"Answer: {given_sign}7 mmol/L", {"A": f"{asked}7 mmol/L", "B": "9 mmol/L"}).letter is None
