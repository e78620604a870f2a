"""`--space FILE.yaml`: what may be chosen, for every model and for single ones."""

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from openmedlm.data import UserError
from openmedlm.optimizers.search.space import Space
from openmedlm.options.config_file import yaml_mapping


class ModelSpace(NamedTuple):
    """What may be chosen for one model, and the address of its endpoint where it has one to itself."""

    space: Space
    api_base: str | list[str] | None = None


def read_spaces(file: str | None, models: list[str]) -> dict[str, ModelSpace]:
    """The space of each model.

    Args:
        file: a mapping of parameters (see `Space`); under `models`, a mapping of a model
            to parameters of its own and its `api_base`. None takes the default space for all.
        models: the models to tune.

    Raises:
        UserError: the file can't be read, or a value in it does not fit.
    """
    read = {} if file is None else yaml_mapping(Path(file), "parameters to choices", "votes: [1, 5, 11]")
    values = {str(name): value for name, value in read.items()}
    own = values.pop("models", None) or {}
    if not isinstance(own, dict):
        raise UserError(f"{file}: models: not a mapping of models to parameters")
    for name in own:
        if name not in models:
            raise UserError(
                f"{file}: models: {name}: not among the models to tune ({', '.join(models)}); name it with -m"
            )
    spaces = {}
    for model in models:
        given = own.get(model) or {}
        if not isinstance(given, dict):
            raise UserError(f"{file}: models: {model}: not a mapping of parameters to choices")
        overrides = dict(given)
        address = overrides.pop("api_base", None)
        if not all(isinstance(each, str) for each in (address if isinstance(address, list) else [address or ""])):
            raise UserError(
                f"{file}: models: {model}: api_base: not an address; write it like http://127.0.0.1:8000/v1"
            )
        where = f"models: {model}: " if overrides else ""
        spaces[model] = ModelSpace(_space(file, where, {**values, **overrides}), address)
    return spaces


def _space(file: str | None, where: str, values: dict[str, Any]) -> Space:
    try:
        return Space.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        # A list and a span are both tried; what is said of the one that was meant comes first.
        name = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("tuple", "Span", "function")))
        known = ", ".join(Space.model_fields)
        mend = (
            f"; the parameters are {known}"
            if first["type"] == "extra_forbidden"
            else "; give a list or {low, high, step}"
        )
        raise UserError(f"{file}: {where}{name}: {first['msg']}{mend}") from error
