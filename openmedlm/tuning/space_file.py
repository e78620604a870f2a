"""Search spaces from `--space FILE.yaml`, for every model and for single ones."""

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from openmedlm.data import UserError
from openmedlm.optimizers.search.space import Space
from openmedlm.options.config_file import yaml_mapping


class ModelSpace(NamedTuple):
    """Search space of one model, and the address of its own endpoint, if it has one."""

    space: Space
    api_base: str | list[str] | None = None


def read_spaces(file: str | None, models: list[str]) -> dict[str, ModelSpace]:
    """Read the search space of each model.

    Args:
        file: YAML mapping of parameters (see `Space`); under `models`, a mapping of a model to its own parameters and
            its `api_base`. None gives all models the default space.
        models: Models to tune.

    Raises:
        UserError: The file cannot be read, or a value in it does not fit.
    """
    values = {} if file is None else yaml_mapping(Path(file), "parameters to choices", "votes: [1, 5, 11]")
    shared = {str(name): value for name, value in values.items()}
    by_model = shared.pop("models", None) or {}
    if not isinstance(by_model, dict):
        raise UserError(f'"models" is no mapping in {file}. Write a mapping of models to parameters.')
    for name in by_model:
        if name not in models:
            raise UserError(
                f'unknown model under "models" in {file}: {name}, not among the models to tune ({", ".join(models)}). '
                "Name it with -m."
            )
    spaces = {}
    for model in models:
        own = by_model.get(model) or {}
        if not isinstance(own, dict):
            raise UserError(f'"models: {model}" is no mapping in {file}. Write a mapping of parameters to choices.')
        overrides = dict(own)
        address = overrides.pop("api_base", None)
        if not all(isinstance(each, str) for each in (address if isinstance(address, list) else [address or ""])):
            raise UserError(
                f'"models: {model}: api_base" is no address in {file}. Write it like http://127.0.0.1:8000/v1.'
            )
        where = f"models: {model}: " if overrides else ""
        spaces[model] = ModelSpace(_space(file, where, {**shared, **overrides}), address)
    return spaces


def _space(file: str | None, where: str, values: dict[str, Any]) -> Space:
    try:
        return Space.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        # Pydantic tries a list and a span, and reports the intended one first.
        name = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("tuple", "Span", "function")))
        fix = (
            f"The parameters are {', '.join(Space.model_fields)}."
            if first["type"] == "extra_forbidden"
            else "Give a list or {low, high, step}."
        )
        raise UserError(f'wrong "{where}{name}" in {file}: {first["msg"]}. {fix}') from error
