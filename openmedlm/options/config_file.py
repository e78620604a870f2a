"""`--config FILE.yaml`: any option of a command from a file."""

from pathlib import Path
from typing import Any

import typer
import yaml

from openmedlm.data import UserError
from openmedlm.utils.choices import check_choice

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, which makes plain values only, as the other does, and takes no second for a thousand open brackets."""


def read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Makes the file's values the command's defaults, so that the command line still wins.

    Raises:
        UserError: the file can't be read, is not a mapping, or names an option that the command does not have.
    """
    if path is None:
        return None
    known = {
        spelling.lstrip("-").replace("-", "_"): parameter.name
        for parameter in context.command.params
        for spelling in (*parameter.opts, *parameter.secondary_opts, f"--{parameter.name}")
    }
    repeatable = {spelling for spelling, name in known.items() if name in _repeatable(context)}
    values: dict[str, Any] = {}
    for name, value in yaml_mapping(path, "options to values", "benchmark: mmlu").items():
        option = str(name).lstrip("-").replace("-", "_")
        check_choice(option, known, f"option in {path}:")
        # What may be given several times may be given once without a list, too.
        values[known[option] or option] = [value] if option in repeatable and not isinstance(value, list) else value
    context.default_map = {**(context.default_map or {}), **values}
    return path


def _repeatable(context: typer.Context) -> set[str | None]:
    return {one.name for one in context.command.params if getattr(one, "multiple", False) or one.nargs == -1}


def yaml_mapping(path: Path, what: str, example: str) -> dict[Any, Any]:
    """The mapping in a YAML file.

    Args:
        path: of the file.
        what, example: what it should hold, and a line of it, for one that does not.

    Raises:
        UserError: it can't be read, or holds no mapping.
    """
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; name a readable YAML file") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date or a number that is none is a ValueError
        raise UserError(f"{path}: not YAML ({' '.join(str(error).split())}); correct the file") from error
    if not isinstance(loaded, dict):
        raise UserError(f"{path}: not a mapping of {what}; write lines such as '{example}'")
    return loaded
