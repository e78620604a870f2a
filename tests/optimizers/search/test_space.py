import optuna
import pytest
from pydantic import ValidationError

from openmedlm.optimizers.search.space import Space, Span
from openmedlm.optimizers.search.trial_config import TrialConfig


def suggested(space: Space, **params: object) -> tuple[TrialConfig, set[str]]:
    study = optuna.create_study()
    study.enqueue_trial(params)
    trial = study.ask()
    return space.suggest(trial), set(trial.params)


ALWAYS = {"strategy", "instructions", "votes", "temperature"}


@pytest.mark.parametrize(
    ("params", "besides"),
    [
        ({"strategy": "zero-shot", "votes": 1, "temperature": 0.0}, set()),
        ({"strategy": "few-shot", "k": 3, "votes": 1, "temperature": 0.0}, {"k"}),
        ({"strategy": "knn-cot", "k": 0, "votes": 1, "temperature": 0.0}, {"k"}),
        ({"strategy": "knn-cot", "k": 3, "votes": 5, "temperature": 0.6}, {"k", "order", "top_p", "shuffle"}),
    ],
)
def test_suggest_samples_only_relevant_parameters(params: dict[str, object], besides: set[str]) -> None:
    assert suggested(Space(), **params)[1] == ALWAYS | besides


def test_space_with_one_choice_has_no_parameter() -> None:
    point, sampled = suggested(
        Space(strategy=("cot",), votes=(5,), temperature=(0.6,), top_p=(0.8,), instructions=("short",))
    )
    assert sampled == {"shuffle"}
    assert point.strategy == "cot"
    assert (point.votes, point.temperature, point.top_p, point.instructions) == (5, 0.6, 0.8, "short")


def test_suggest_stays_in_the_space() -> None:
    space = Space(k=Span(low=2, high=8, step=3), votes=(1, 5), temperature=Span(low=0, high=1, step=0.5))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    points = [space.suggest(study.ask()) for _ in range(200)]
    assert {point.k for point in points} == {0, 2, 5, 8}
    assert {point.votes for point in points} == {1, 5}
    assert {point.temperature for point in points} == {0.0, 0.5, 1.0}
    assert all(point == point.canonical() for point in points)


def test_span_without_step_gets_a_default_step() -> None:
    space = Space.model_validate({"k": {"low": 2, "high": 4}, "temperature": {"low": 0.2, "high": 0.8}})
    assert isinstance(space.k, Span)
    assert isinstance(space.temperature, Span)
    assert space.k.values() == [2, 3, 4]
    assert space.temperature.values() == [0.2, 0.4, 0.6, 0.8]


def test_to_params_round_trip_is_equal() -> None:
    space = Space()
    point = TrialConfig("knn-cot", k=5, votes=5, temperature=0.8, top_p=0.8, shuffle=True)
    params = space.to_params(point)
    assert params is not None
    assert suggested(space, **params)[0] == point


@pytest.mark.parametrize(
    "point",
    [TrialConfig("cot"), TrialConfig("few-shot", k=5), TrialConfig("few-shot", k=2, votes=21)],
)
def test_to_params_outside_the_space_is_none(point: TrialConfig) -> None:
    assert Space(strategy=("few-shot",), k=Span(low=0, high=3)).to_params(point) is None


@pytest.mark.parametrize(
    "values",
    [
        {"strategy": ["no-shot"]},
        {"strategy": []},
        {"k": {"low": 5, "high": 2}},
        {"k": [-1]},
        {"votes": [0, 3]},
        {"temperature": {"low": 0, "high": 3}},
        {"top_p": [0.0]},
        {"top_p": [1.2]},
        {"size": [1]},
        {"votes": {"low": 1, "high": 9, "step": 0}},
        {"votes": []},
        {"votes": [True]},
        {"k": {"low": -3, "high": 2}},
        {"k": {"low": 0, "high": 5, "step": 0.5}},
        {"k": {"low": 0.5, "high": 5}},
        {"k": {"low": 0, "high": float("inf")}},
        {"temperature": {"low": -1, "high": 1}},
        {"temperature": [float("nan")]},
    ],
)
def test_space_with_invalid_values_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Space.model_validate(values)


def test_grid_has_every_program_up_to_a_limit() -> None:
    space = Space(
        strategy=("zero-shot", "cot"), votes=(1, 5), temperature=(0.0, 0.8), top_p=(0.8,), instructions=("short",)
    )
    points = space.grid()
    assert len(points) == len(set(points)) == len({point.canonical() for point in points})
    # Greedy: one vote, or five in other orders; sampled: one, five, or five in other orders.
    assert len(points) == 2 * (2 + 3)
    with pytest.raises(ValueError, match="fewer choices"):
        Space().grid()
