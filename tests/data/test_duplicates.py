from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from openmedlm.data import DuplicateIndex, DuplicatePair, Question, clusters, duplicate_kind, find_duplicates, profile

WORDS = ["a", "fever", "pain", "dose", "heart", "liver", "which", "best", "next", "step", "of", "the"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=14).map(" ".join)


def _question(number: int, text: str, **fields: object) -> Question:
    options = {"A": "aspirin", "B": "rest and water"}
    return replace(Question(str(number), "mine", "test", text, options, "A"), **fields)  # type: ignore[arg-type]


def _found(pairs: Sequence[DuplicatePair]) -> list[tuple[str, str, str]]:
    return [(pair.first.id, pair.second.id, pair.kind) for pair in pairs]


@given(st.lists(TEXTS, max_size=25))
def test_find_duplicates_equals_comparison_of_all_pairs(texts: list[str]) -> None:
    questions = [_question(number, text) for number, text in enumerate(texts)]
    profiles = [profile(question) for question in questions]
    expected = [
        (questions[a].id, questions[b].id, kind)
        for a, b in combinations(range(len(questions)), 2)
        if (kind := duplicate_kind(profiles[a], profiles[b])) is not None
    ]
    assert _found(find_duplicates(questions)) == expected


def test_find_duplicates_one_pair_among_thousands_is_found() -> None:
    many = [
        _question(number, " ".join(str(number * prime) for prime in (3, 5, 7, 11, 13, 17))) for number in range(9_000)
    ]
    assert _found(find_duplicates([*many[:8_998], replace(many[7], id="again")])) == [("7", "again", "exact")]


def test_find_duplicates_very_short_questions_are_compared() -> None:
    short = [replace(_question(number, "why"), options={"A": "x", "B": "y"}) for number in (1, 2)]
    assert _found(find_duplicates(short[:1])) == []
    assert _found(find_duplicates(short)) == [("1", "2", "exact")]


@given(st.lists(TEXTS, min_size=1, max_size=20), st.lists(TEXTS, max_size=4), st.sampled_from([1, 70]))
def test_duplicate_index_equals_comparison_of_all_pairs(many: list[str], few: list[str], times: int) -> None:
    questions = [_question(number, text) for number, text in enumerate(many * times)]
    others = [_question(number, text) for number, text in enumerate(few)]
    expected = {
        place: same
        for place, one in enumerate(questions)
        if (same := [n for n, other in enumerate(others) if duplicate_kind(profile(one), profile(other)) is not None])
    }
    assert DuplicateIndex(others).among(questions) == expected


def test_duplicate_pair_across_splits_or_benchmarks_is_leak() -> None:
    text = "Which drug is the best next step in this patient"
    same = [_question(1, text), _question(2, text), _question(3, text, split="pool"), _question(4, text, benchmark="b")]
    leaks = {(pair.first.id, pair.second.id) for pair in find_duplicates(same) if pair.leak}
    assert leaks == {("1", "3"), ("1", "4"), ("2", "3"), ("2", "4"), ("3", "4")}


def test_duplicate_pair_same_answer_compares_gold_texts() -> None:
    first = _question(1, "Which drug is the best next step")
    relabel = replace(first, id="2", options={"A": "rest and water", "B": "Aspirin."}, answer="B")
    other = replace(first, id="3", answer="B")
    assert [(pair.second.id, pair.same_answer) for pair in find_duplicates([first, relabel, other])] == [
        ("2", True),
        ("3", False),
        ("3", False),
    ]


def test_clusters_join_same_passage_and_duplicates() -> None:
    passage, other = ("The trial had 40 patients.",), ("Another one had 12.",)
    questions = [
        _question(1, "Did the drug help?", context=passage),
        _question(2, "Was the trial blind?", context=passage),
        _question(3, "Was it random?", context=other),
        _question(4, "What is the dose of this drug for a child of five?"),
        _question(5, "What is the dose of this drug for a child of five?"),
        _question(6, "Is this question alone?"),
    ]
    assert clusters(questions) == ["1", "1", "3", "4", "4", "6"]


def test_find_duplicates_and_clusters_of_nothing_are_empty() -> None:
    assert (find_duplicates([]), clusters([])) == ([], [])
