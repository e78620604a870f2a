from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.data.question import Question
from openmedlm.data.text_profile import duplicate_kind, near_duplicate, normalise, profile

STEM = (
    "A 40-year-old gardener has had a dry cough for three weeks and now reports fever, night sweats and a weight loss "
    "of four kilograms since spring. Which of the following is the most likely cause of these findings?"
)
OPTIONS = {"A": "Tuberculosis", "B": "Sarcoidosis", "C": "Asthma", "D": "Pulmonary embolism"}
BASE = Question("base", "medqa", "test", STEM, OPTIONS, "A")


def kind(a: Question, b: Question) -> str | None:
    return duplicate_kind(profile(a), profile(b))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  Na⁺/K⁺–ATPase,\n(the) PUMP ", "na k atpase the pump"),
        ("ＡＢＣ ﬁbre", "abc fibre"),
        (" + ", "+"),
        ("½ dose", "1 2 dose"),
    ],
)
def test_normalise_known_texts(text: str, normal: str) -> None:
    assert normalise(text) == normal


@given(st.text())
def test_normalise_is_idempotent(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_duplicate_kind_ignores_case_order_and_gold() -> None:
    shuffled = {"A": "asthma.", "B": "PULMONARY EMBOLISM", "C": "Sarcoidosis", "D": "tuberculosis"}
    assert kind(BASE, replace(BASE, id="x", question=STEM.upper(), options=shuffled, answer="D")) == "exact"
    assert kind(BASE, replace(BASE, answer="B")) == "exact"


def test_duplicate_kind_few_changed_words_are_near() -> None:
    assert kind(BASE, replace(BASE, question=STEM.replace("40", "44"))) == "near"
    assert kind(BASE, replace(BASE, options={**OPTIONS, "D": "Pneumonia"})) == "near"


def test_duplicate_kind_other_question_on_same_patient_is_none() -> None:
    other = STEM.replace("cause of these findings", "next step in management")
    options = {"A": "Chest radiograph", "B": "Antibiotics", "C": "Bronchoscopy", "D": "Observation"}
    assert kind(BASE, replace(BASE, question=other, options=options)) is None


def test_duplicate_kind_common_stem_other_options_is_none() -> None:
    a = replace(BASE, question="Which of the following is true?")
    b = replace(a, options={"A": "Bile is acidic", "B": "Bone is dead", "C": "Hair is alive", "D": "Nails are alive"})
    assert kind(a, b) is None


def test_duplicate_kind_same_question_other_context_is_none() -> None:
    a = replace(BASE, question="Does it help?", options={"A": "yes", "B": "no", "C": "maybe"}, context=(STEM,))
    b = replace(a, context=("Forty hens were fed barley for a year. Their weight and the number of eggs were noted.",))
    assert kind(a, b) is None
    assert kind(a, replace(a, id="again")) == "exact"


def test_duplicate_kind_threshold_is_jaccard_similarity() -> None:
    a = profile(replace(BASE, question="one two three four five six"))
    b = profile(replace(BASE, question="one two three four five seven"))
    assert len(a.shingles & b.shingles) == 5
    assert len(a.shingles | b.shingles) == 7
    assert duplicate_kind(a, b, threshold=5 / 7) == "near"
    assert duplicate_kind(a, b, threshold=5 / 7 + 0.01) is None


def test_near_duplicate_compares_two_questions(make_record: Any) -> None:
    assert near_duplicate(BASE, replace(BASE, id="copy"))
    assert not near_duplicate(BASE, replace(BASE, question="What is icterus a sign of, in the first place?"))
