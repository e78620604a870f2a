import pytest

from openmedlm.optimizers.search.trial_config import Configuration


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Configuration("knn-few-shot", k=0, order="nearest-first"), Configuration("zero-shot")),
        (Configuration("few-shot-cot", k=0), Configuration("cot")),
        (Configuration("zero-shot", k=7), Configuration("zero-shot")),
        (Configuration("few-shot", k=3, order="nearest-first", embedder="other"), Configuration("few-shot", k=3)),
        (Configuration("knn-cot", k=1, order="nearest-first"), Configuration("knn-cot", k=1)),
        (Configuration("zero-shot", top_p=0.8), Configuration("zero-shot")),
        (Configuration("zero-shot", votes=7), Configuration("zero-shot")),  # greedy votes in one order are one vote
        (Configuration("zero-shot", temperature=0.8, shuffle=True), Configuration("zero-shot", temperature=0.8)),
    ],
)
def test_configurations_of_one_program_are_equal(one: Configuration, other: Configuration) -> None:
    assert one.canonical() == other.canonical() == other


@pytest.mark.parametrize(
    "point",
    [
        Configuration("knn-cot", k=2, order="nearest-first"),
        Configuration("zero-shot", votes=5, shuffle=True),
        Configuration("cot", votes=5, temperature=0.6, top_p=0.8),
        Configuration("few-shot", k=2, instructions="short"),
    ],
)
def test_what_has_a_bearing_stays(point: Configuration) -> None:
    assert point.canonical() == point


def test_a_smaller_ensemble_keeps_everything_but_its_size() -> None:
    point = Configuration("cot", votes=9, temperature=0.6, top_p=0.8, shuffle=True)
    assert point.sized(3) == Configuration("cot", votes=3, temperature=0.6, top_p=0.8, shuffle=True)
    assert point.sized(1) == Configuration("cot", temperature=0.6, top_p=0.8)


def test_a_label_says_what_differs_from_the_simplest() -> None:
    assert Configuration("zero-shot").label() == "zero-shot"
    point = Configuration("knn-cot", 5, 7, 0.6, 0.8, True, "nearest-first", "minilm", "short")
    assert point.label() == "knn-cot k=5 ×7 T=0.6 top_p=0.8 shuffled nearest-first minilm “short”"
