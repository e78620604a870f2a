import hashlib
from typing import Any

import optuna
import orjson
import pytest
from pydantic import ValidationError

from openmedlm.optimizers.search.defaults import BASELINES
from openmedlm.optimizers.search.space import Space, Span
from openmedlm.optimizers.search.study import Search
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


THINKING = Space(strategy=("cot",), thinking=("off", "default"), thinking_tokens=(2048, 8192))


@pytest.mark.parametrize(
    ("params", "thinking", "tokens"),
    [
        ({"thinking": "off"}, "off", None),
        ({"thinking": "default", "thinking_tokens": 2048}, "default", 2048),
    ],
)
def test_budget_is_sampled_unless_thinking_is_off(params: dict[str, Any], thinking: str, tokens: int | None) -> None:
    others = {"instructions": "default", "votes": 1, "temperature": 0.0}
    point, suggested_params = suggested(THINKING, **others, **params)
    assert (point.thinking, point.thinking_tokens) == (thinking, tokens)
    assert suggested_params == {*others, *params}
    assert (others | params).items() <= (THINKING.to_params(point) or {}).items()


@pytest.mark.parametrize(
    ("space", "thinking", "tokens"),
    [
        (Space(), "default", None),
        (THINKING, "default", 8192),
        (Space(thinking=("off",), thinking_tokens=(2048,)), "off", None),
        (Space(thinking=("low", "high"), thinking_tokens=(None, 900)), "low", None),
        (Space(thinking_tokens=(2048,)), "default", 2048),
    ],
)
def test_fit_sets_thinking_of_the_space(space: Space, thinking: str, tokens: int | None) -> None:
    point = space.fit(TrialConfig("cot"))
    assert point == TrialConfig("cot", thinking=thinking, thinking_tokens=tokens)
    assert space.to_params(point) is not None


def test_description_names_thinking_only_if_searched() -> None:
    assert not {"thinking", "thinking_tokens"} & Space().describe().keys()
    assert Space(thinking=("off",)).describe()["thinking"] == ["off"]
    assert THINKING.describe()["thinking_tokens"] == [2048, 8192]


def test_trials_of_a_grid_keep_the_order_of_0_1_0() -> None:
    space = Space(
        strategy=("zero-shot", "few-shot", "knn-cot"),
        k=(1, 3),
        votes=(1, 3),
        temperature=(0.0, 0.8),
        instructions=("default", "short"),
    )
    params = Search(space, sampler="grid", seed=3, enqueued=BASELINES)._fixed_params()
    assert (
        hashlib.sha256(orjson.dumps(params)).hexdigest()
        == "d08847b0f0a12f8162db3b798603497cc9b6d9d77dff706e93527044d3a22d7d"
    )
    assert (
        hashlib.sha256(orjson.dumps(space.describe())).hexdigest()
        == "0d1a99cba5df7ea037301c9bf24d63e94c4f2dd6a73ea215174f2bc11c0dad00"
    )
