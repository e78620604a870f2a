from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.data import Question
from openmedlm.programs import Exemplar
from openmedlm.programs.answer_balance import balance_answers, with_gold_at

OPTIONS = {"A": "Heart", "B": "Liver", "C": "Spleen", "D": "Kidney"}


def exemplar(answer: str = "B", rationale: str | None = None, options: dict[str, str] = OPTIONS) -> Exemplar:
    question = Question("q", "invented", "pool", "Which makes bile?", options, answer)
    return Exemplar(question, rationale, "dataset" if rationale else None).with_letter_refs()


def test_swapped_gold_option_relabels_the_rationale() -> None:
    before = exemplar("B", "Option A pumps.\nB. Liver: so the answer is B. Option D makes urine.")
    after = with_gold_at(before, "D")
    assert after.question.options == {"A": "Heart", "B": "Kidney", "C": "Spleen", "D": "Liver"}
    assert after.question.answer == "D"
    assert after.rationale == "Option A pumps.\nD. Liver: so the answer is D. Option B makes urine."
    assert with_gold_at(after, "B") == before
    assert with_gold_at(before, "B") is before


def test_balanced_letters_are_spread_evenly() -> None:
    for seed in range(20):
        shown = balance_answers([exemplar("A") for _ in range(8)], seed)
        assert Counter(e.question.answer for e in shown) == Counter("AABBCCDD")
        assert all(e.question.options[e.question.answer] == "Heart" for e in shown)


def test_fixed_order_exemplars_are_counted_and_kept() -> None:
    kept = exemplar("A", "What B does is unclear.")
    assert kept.letters is None
    shown = balance_answers([exemplar("A"), kept, exemplar("A"), kept, exemplar("A")], seed=1)
    assert shown[1] is kept
    assert shown[3] is kept
    assert sorted(shown[n].question.answer for n in (0, 2, 4)) == ["B", "C", "D"]


def test_option_that_names_others_keeps_its_order() -> None:
    bound = exemplar("D", options=OPTIONS | {"D": "All of the above"})
    assert bound.letters is None
    assert balance_answers([bound] * 3, seed=0) == (bound,) * 3
    with pytest.raises(ValueError, match="must keep their order"):
        with_gold_at(bound, "A")


def test_balanced_letters_match_known_values() -> None:
    """The values in docs/frozen-programs.md, for implementations in other languages."""
    shown = balance_answers([exemplar("A") for _ in range(5)], seed=7)
    assert "".join(e.question.answer for e in shown) == "ABDCC"


@given(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=12), st.integers(0, 2**31 - 1))
def test_balanced_counts_differ_by_at_most_one(golds: list[str], seed: int) -> None:
    counts = Counter(dict.fromkeys("ABCD", 0))
    counts.update(e.question.answer for e in balance_answers([exemplar(gold) for gold in golds], seed))
    assert max(counts.values()) - min(counts.values()) <= 1
