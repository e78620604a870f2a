"""Search space: the options that a search may choose from."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Annotated, Any, Self

import optuna
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from openmedlm.optimizers.search.trial_config import DEFAULT, THINKING_DEFAULTS, TrialConfig
from openmedlm.programs.registry import SINGLE_STRATEGIES, WITHOUT_EXEMPLARS, SingleStrategy
from openmedlm.programs.retrieval.knn_exemplars import ExemplarOrder
from openmedlm.programs.sampling_params import THINKING_TOKENS, Thinking

MAX_GRID_PROGRAMS = 2_000
"""Largest grid, in programs; a larger one would never end."""

SEARCHED_THINKING_TOKENS = (THINKING_TOKENS // 4, THINKING_TOKENS)
"""Thinking budgets that are searched for a model that thinks."""


class Span(BaseModel):
    """Numbers from `low` to `high`, both included. The default step is 1 for whole numbers and 0.2 for others.

    Example:
        >>> from openmedlm.optimizers import Span
        >>> Span(low=1, high=7, step=2).values()
        [1.0, 3.0, 5.0, 7.0]
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float = Field(ge=0, allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)
    step: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.high < self.low:
            raise ValueError(f"high ({self.high:g}) is below low ({self.low:g})")
        return self

    def stepping(self, step: float) -> "Span":
        """Return the span with this step, unless it has one."""
        return self if self.step is not None else self.model_copy(update={"step": step})

    def values(self) -> list[float]:
        """Return all numbers, lowest first."""
        step = self.step or 1.0
        steps = int(round((self.high - self.low) / step, 9))
        return [round(self.low + i * step, 9) for i in range(steps + 1)]


def _whole(span: Span) -> Span:
    span = span.stepping(1.0)
    if any(value is not None and value != int(value) for value in (span.low, span.high, span.step)):
        raise ValueError("low, high and step must be whole numbers")
    return span


_Whole = (
    Annotated[Span, AfterValidator(_whole)]
    | Annotated[tuple[Annotated[int, Field(strict=True, ge=0)], ...], Field(min_length=1)]
)
_Real = (
    Annotated[Span, AfterValidator(lambda span: span.stepping(0.2))]
    | Annotated[tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...], Field(min_length=1)]
)


class Space(BaseModel):
    """Choices of each parameter: a list, or a span `{low, high, step}` for numbers.

    A parameter is sampled only where it matters: `k` if exemplars are shown, `order` and `embedder` if they are the
    nearest, `top_p` if decoding is sampled, `shuffle` if there is more than one vote, `thinking_tokens` if thinking is
    not off. Temperatures and nuclei come in steps, since all configurations that send the same request share its vote.

    Attributes:
        strategy: Strategies whose votes are counted; ensembles of them follow from `votes`.
        The others are those of `TrialConfig`.

    Example:
        >>> from openmedlm.optimizers import Space
        >>> space = Space(strategy=("cot",), votes=(1, 5), temperature=(0.0, 0.8), top_p=(0.8,), shuffle=(True,))
        >>> space.max_votes
        5
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategy: tuple[SingleStrategy, ...] = Field(default=SINGLE_STRATEGIES, min_length=1)
    k: _Whole = Span(low=0, high=10, step=1)
    temperature: _Real = Span(low=0.0, high=1.2, step=0.2)
    top_p: _Real = Span(low=0.6, high=1.0, step=0.2)
    votes: _Whole = Span(low=1, high=20, step=1)
    shuffle: tuple[bool, ...] = Field(default=(False, True), min_length=1)
    order: tuple[ExemplarOrder, ...] = Field(default=("nearest-last", "nearest-first"), min_length=1)
    embedder: tuple[str, ...] = Field(default=(DEFAULT,), min_length=1)
    instructions: tuple[str, ...] = Field(default=(DEFAULT, "physician", "careful", "short"), min_length=1)

    thinking: tuple[Thinking, ...] = Field(default=("default",), min_length=1)
    thinking_tokens: tuple[Annotated[int, Field(strict=True, ge=1)] | None, ...] = Field(default=(None,), min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if min(_choices(self.votes)) < 1:
            raise ValueError("votes must be at least 1")
        if max(_choices(self.temperature)) > 2:
            raise ValueError("temperature must be at most 2")
        if not 0 < min(_choices(self.top_p)) <= max(_choices(self.top_p)) <= 1:
            raise ValueError("top_p must be above 0 and at most 1")
        return self

    @property
    def max_votes(self) -> int:
        """Size of the largest ensemble."""
        return int(max(_choices(self.votes)))

    @property
    def max_exemplars(self) -> int:
        """Number of exemplars in the longest prompt."""
        return int(max(_choices(self.k)))

    def without(self, strategies: Sequence[str]) -> "Space":
        """Return the space without these strategies."""
        return self.model_copy(update={"strategy": tuple(name for name in self.strategy if name not in strategies)})

    def describe(self) -> dict[str, Any]:
        """Return the space as plain JSON values; parameters of `THINKING_DEFAULTS` only if they are searched."""
        values = self.model_dump(mode="json")
        return {name: value for name, value in values.items() if value != [THINKING_DEFAULTS.get(name, ...)]}

    def fit(self, configuration: TrialConfig) -> TrialConfig:
        """Return the configuration with a thinking and a thinking budget of this space; by default the largest one."""
        thinking, tokens = configuration.thinking, configuration.thinking_tokens
        if thinking not in self.thinking:
            thinking = self.thinking[0]
        if thinking == "off":
            tokens = None
        elif tokens not in self.thinking_tokens:
            tokens = max(self.thinking_tokens, key=lambda budget: budget or 0)
        return replace(configuration, thinking=thinking, thinking_tokens=tokens)

    def suggest(self, trial: optuna.Trial) -> TrialConfig:
        """Sample the configuration of a trial, without the parameters that do not matter."""
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
        values["thinking"] = _suggest(trial, "thinking", self.thinking)
        if values["thinking"] != "off":
            values["thinking_tokens"] = _suggest(trial, "thinking_tokens", self.thinking_tokens)
        return TrialConfig(**values).canonical()

    def grid(self) -> list[TrialConfig]:
        """Return every program of the space, each once.

        Raises:
            ValueError: There are more than `MAX_GRID_PROGRAMS`.
        """
        choices = [_choices(getattr(self, name)) for name in Space.model_fields]
        points = math.prod(map(len, choices))
        if points > MAX_GRID_PROGRAMS**2:
            raise ValueError(f"grid too large: {points:,} points. Give fewer choices.")
        names = list(Space.model_fields)
        programs: dict[TrialConfig, None] = {}
        for values in product(*choices):
            point = dict(zip(names, values, strict=True))
            programs[TrialConfig(**point | {"k": int(point["k"]), "votes": int(point["votes"])}).canonical()] = None
            if len(programs) > MAX_GRID_PROGRAMS:
                raise ValueError(f"grid too large: more than {MAX_GRID_PROGRAMS:,} programs. Give fewer choices.")
        return list(programs)

    def to_params(self, configuration: TrialConfig) -> dict[str, Any] | None:
        """Return the parameters with which `suggest` gives this configuration; None if it lies outside the space."""
        params = {}
        for name in Space.model_fields:
            value = getattr(configuration, name)
            allowed = _choices(getattr(self, name))
            if value is None and None not in allowed:
                continue
            if value not in allowed:
                if _matters(name, configuration):
                    return None
                continue
            if len(allowed) > 1:
                params[name] = value
        return params


def _matters(name: str, configuration: TrialConfig) -> bool:
    if name == "k":
        return configuration.strategy not in WITHOUT_EXEMPLARS
    if name in ("order", "embedder"):
        return configuration.retrieves
    if name == "top_p":
        return configuration.temperature > 0
    if name == "thinking_tokens":
        return configuration.thinking != "off"
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
        return trial.suggest_int(name, int(values[0]), int(values[-1]), step=int(choice.step or 1))
    return round(trial.suggest_float(name, values[0], values[-1], step=choice.step), 9)
