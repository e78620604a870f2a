import pytest

from openmedlm.optimizers.search.trial_config import TrialConfig


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TrialConfig("knn-few-shot", k=0, order="nearest-first"), TrialConfig("zero-shot")),
        (TrialConfig("few-shot-cot", k=0), TrialConfig("cot")),
        (TrialConfig("zero-shot", k=7), TrialConfig("zero-shot")),
        (TrialConfig("few-shot", k=3, order="nearest-first", embedder="other"), TrialConfig("few-shot", k=3)),
        (TrialConfig("knn-cot", k=1, order="nearest-first"), TrialConfig("knn-cot", k=1)),
        (TrialConfig("zero-shot", top_p=0.8), TrialConfig("zero-shot")),
        (TrialConfig("zero-shot", votes=7), TrialConfig("zero-shot")),  # greedy votes in one order are one vote
        (TrialConfig("zero-shot", temperature=0.8, shuffle=True), TrialConfig("zero-shot", temperature=0.8)),
        (TrialConfig("cot", thinking="off", thinking_tokens=2048), TrialConfig("cot", thinking="off")),
    ],
)
def test_canonical_makes_equal_programs_equal(one: TrialConfig, other: TrialConfig) -> None:
    assert one.canonical() == other.canonical() == other


@pytest.mark.parametrize(
    "point",
    [
        TrialConfig("knn-cot", k=2, order="nearest-first"),
        TrialConfig("zero-shot", votes=5, shuffle=True),
        TrialConfig("cot", votes=5, temperature=0.6, top_p=0.8),
        TrialConfig("few-shot", k=2, instructions="short"),
        TrialConfig("cot", thinking_tokens=2048),
        TrialConfig("cot", thinking="low", thinking_tokens=2048),
    ],
)
def test_canonical_keeps_relevant_options(point: TrialConfig) -> None:
    assert point.canonical() == point


def test_with_size_changes_only_the_size() -> None:
    point = TrialConfig("cot", votes=9, temperature=0.6, top_p=0.8, shuffle=True)
    assert point.with_size(3) == TrialConfig("cot", votes=3, temperature=0.6, top_p=0.8, shuffle=True)
    assert point.with_size(1) == TrialConfig("cot", temperature=0.6, top_p=0.8)


def test_label_shows_non_default_options() -> None:
    assert TrialConfig("zero-shot").label() == "zero-shot"
    point = TrialConfig("knn-cot", 5, 7, 0.6, 0.8, True, "nearest-first", "minilm", "short")
    assert point.label() == "knn-cot k=5 ×7 T=0.6 top_p=0.8 shuffled nearest-first minilm “short”"
    assert TrialConfig("cot", thinking="off").label() == "cot thinking=off"
    assert TrialConfig("cot", thinking="low", thinking_tokens=2048).label() == "cot thinking=low thinking_tokens=2048"


def test_json_has_thinking_only_if_it_is_set() -> None:
    names = set(TrialConfig("cot").as_json())
    assert names == {"strategy", "k", "votes", "temperature", "top_p", "shuffle", "order", "embedder", "instructions"}
    point = TrialConfig("cot", thinking="low", thinking_tokens=2048)
    assert TrialConfig(**point.as_json()) == point


def test_configurations_have_an_order_whatever_is_unset() -> None:
    points = [
        TrialConfig("cot", thinking="low", thinking_tokens=2048),
        TrialConfig("cot", thinking_tokens=2048),
        TrialConfig("cot"),
        TrialConfig("cot", temperature=0.8, top_p=0.8),
        TrialConfig("cot", temperature=0.8),
    ]
    assert sorted(points) == [points[2], points[1], points[0], points[4], points[3]]
