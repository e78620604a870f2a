"""What a search may choose from."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

import optuna
from pydantic import BaseModel, ConfigDict, Field, model_validator

from optimizers.choices import WITHOUT_EXEMPLARS
from optimizers.tuning.configuration import DEFAULT, Configuration
from programs.frozen.document import Single
from programs.nearest import Order

GRID_POINTS = 20_000
"""Points of a grid at most; a larger one would never be finished."""


class Span(BaseModel):
    """Numbers from `low` to `high`, both included, in steps."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float
    high: float
    step: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.high < self.low:
            raise ValueError(f"high ({self.high:g}) is below low ({self.low:g})")
        return self

    def values(self) -> list[float]:
        """All numbers, lowest first."""
        steps = int(round((self.high - self.low) / self.step, 9))
        return [round(self.low + i * self.step, 9) for i in range(steps + 1)]


_Whole = Span | Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
_Real = Span | Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=1)]


class Space(BaseModel):
    """The choices of each parameter: a list, or a span `{low, high, step}` for numbers.

    A parameter is asked for only where it has a bearing: `k` where exemplars are shown, `order` and `embedder` where
    they are the nearest, `top_p` where decoding is sampled, `shuffle` where there is more than one vote. Temperatures
    and nuclei come in steps, since a vote is shared by all configurations that would send the same request.

    Attributes:
        strategy: strategies whose votes are counted; ensembles of them follow from `votes`.
        The others are those of `Configuration`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategy: tuple[Single, ...] = Field(
        default=("zero-shot", "few-shot", "cot", "few-shot-cot", "knn-few-shot", "knn-cot"), min_length=1
    )
    k: _Whole = Span(low=0, high=10)
    temperature: _Real = Span(low=0.0, high=1.2, step=0.2)
    top_p: _Real = Span(low=0.6, high=1.0, step=0.2)
    votes: _Whole = Span(low=1, high=20)
    shuffle: tuple[bool, ...] = Field(default=(False, True), min_length=1)
    order: tuple[Order, ...] = Field(default=("nearest-last", "nearest-first"), min_length=1)
    embedder: tuple[str, ...] = Field(default=(DEFAULT,), min_length=1)
    instructions: tuple[str, ...] = Field(default=(DEFAULT, "physician", "careful", "short"), min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if min(_choices(self.votes)) < 1:
            raise ValueError("votes must be at least 1")
        if max(_choices(self.temperature)) > 2:
            raise ValueError("temperature must be at most 2")
        if not 0 < min(_choices(self.top_p)) <= max(_choices(self.top_p)) <= 1:
            raise ValueError("top_p must lie above 0 and not above 1")
        return self

    @property
    def most_votes(self) -> int:
        """The largest ensemble."""
        return int(max(_choices(self.votes)))

    @property
    def most_exemplars(self) -> int:
        """The longest prompt's exemplars."""
        return int(max(_choices(self.k)))

    def without(self, strategies: Sequence[str]) -> "Space":
        """The space without these strategies, which the pool can't serve."""
        return self.model_copy(update={"strategy": tuple(name for name in self.strategy if name not in strategies)})

    def suggest(self, trial: optuna.Trial) -> Configuration:
        """The configuration of a trial, parameters that have no bearing left out."""
        values: dict[str, Any] = {"strategy": _suggest(trial, "strategy", self.strategy)}
        if values["strategy"] not in WITHOUT_EXEMPLARS:
            values["k"] = _suggest(trial, "k", self.k, whole=True)
            if values["k"] and values["strategy"].startswith("knn"):
                values["order"] = _suggest(trial, "order", self.order)
                values["embedder"] = _suggest(trial, "embedder", self.embedder)
        values["instructions"] = _suggest(trial, "instructions", self.instructions)
        values["votes"] = _suggest(trial, "votes", self.votes, whole=True)
        values["temperature"] = _suggest(trial, "temperature", self.temperature)
        if values["temperature"]:
            values["top_p"] = _suggest(trial, "top_p", self.top_p)
        if values["votes"] > 1:
            values["shuffle"] = _suggest(trial, "shuffle", self.shuffle)
        return Configuration(**values).canonical()

    def grid(self) -> dict[str, list[Any]]:
        """Every parameter with its choices; those of one choice are left out.

        Raises:
            ValueError: the grid would have more than `GRID_POINTS` points.
        """
        choices = {name: _choices(getattr(self, name)) for name in Space.model_fields}
        whole = {"k", "votes"}
        grid = {n: [int(v) for v in c] if n in whole else c for n, c in choices.items() if len(c) > 1}
        points = 1
        for values in grid.values():
            points *= len(values)
        if points > GRID_POINTS:
            raise ValueError(f"a grid of {points:,} points; give fewer choices, {GRID_POINTS:,} points at most")
        return grid

    def params_of(self, configuration: Configuration) -> dict[str, Any] | None:
        """What `suggest` would have to be told to come to a configuration; None where it lies outside the space."""
        params = {}
        for name in Space.model_fields:
            value = getattr(configuration, name)
            if value is None:
                continue
            allowed = _choices(getattr(self, name))
            if value not in allowed:
                if _has_bearing(name, configuration):
                    return None
                continue
            if len(allowed) > 1:
                params[name] = value
        return params


def _has_bearing(name: str, configuration: Configuration) -> bool:
    if name == "k":
        return configuration.strategy not in WITHOUT_EXEMPLARS
    if name in ("order", "embedder"):
        return configuration.nearest
    if name == "top_p":
        return configuration.temperature > 0
    return name != "shuffle" or configuration.votes > 1


def _choices(choice: Span | Sequence[Any]) -> list[Any]:
    return choice.values() if isinstance(choice, Span) else list(choice)


def _suggest(trial: optuna.Trial, name: str, choice: Span | Sequence[Any], whole: bool = False) -> Any:
    if not isinstance(choice, Span):
        return trial.suggest_categorical(name, list(choice)) if len(choice) > 1 else choice[0]
    values = choice.values()
    if len(values) == 1:
        return int(values[0]) if whole else values[0]
    if whole:
        return trial.suggest_int(name, int(values[0]), int(values[-1]), step=int(choice.step))
    return round(trial.suggest_float(name, values[0], values[-1], step=choice.step), 9)
