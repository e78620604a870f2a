"""`--config FILE.yaml`: options of a command from a file."""

import re
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import typer
import yaml

from openmedlm.data import UserError
from openmedlm.utils.choices import check_choice

_SAFE_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Safe loader; libyaml's where available, since the pure Python one is slow on hostile files."""

_BOOLEAN = "tag:yaml.org,2002:bool"

_RENAMED = {
    "unreadable": ("on_unparsed", "again, close and leave are now resample, constrain and skip"),
    "rounds": ("max_resamples", "one less than before, since the first completion no longer counts"),
    "attempts": ("max_retries", "one less than before, since the first attempt no longer counts"),
}
"""Options of release 0.1.0: new name, and change of the value."""


class _Loader(_SAFE_LOADER):  # type: ignore[misc]
    """Safe loader that refuses a repeated key, of which PyYAML silently keeps the last value.

    As in YAML 1.2, only `true` and `false` are booleans, so that `thinking: off` is a text. Options and parameters that
    are booleans take the texts `yes`, `no`, `on` and `off`, too.
    """

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        repeated = [key for key, count in keys.items() if count > 1]
        if repeated:
            raise ValueError(f'the key "{repeated[0]}" occurs twice')
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.add_implicit_resolver(_BOOLEAN, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Make the values of the file the defaults of the command; the command line still overrides them.

    Raises:
        UserError: The file cannot be read, is not a mapping, or names an option that the command does not have.
    """
    if path is None:
        return None
    known = {
        spelling.lstrip("-").replace("-", "_"): parameter.name
        for parameter in context.command.params
        for spelling in (*parameter.opts, *parameter.secondary_opts, f"--{parameter.name}")
    }
    repeatable = _repeatable(context)
    values: dict[str, Any] = {}
    for name, value in yaml_mapping(path, "options to values", "benchmark: mmlu").items():
        option = str(name).lstrip("-").replace("-", "_")
        new_name, change = _RENAMED.get(option, ("", ""))
        if option not in known and new_name in known:
            raise UserError(f"renamed option in {path}: {option}. Write {new_name}: {change}.")
        check_choice(option, known, f"option in {path}:")
        parameter = known[option] or option
        # A repeatable option may have a single value instead of a list.
        values[parameter] = [value] if parameter in repeatable and not isinstance(value, list) else value
    context.default_map = {**(context.default_map or {}), **values}
    return path


def yaml_mapping(path: Path, content: str, example: str) -> dict[Any, Any]:
    """Read the mapping in a YAML file.

    Args:
        path: Path of the file.
        content: Expected content, for the error message.
        example: Example line, for the error message.

    Raises:
        UserError: The file cannot be read, or holds no mapping.
    """
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}. Name a readable YAML file.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # an invalid date or number is a ValueError
        raise UserError(f"invalid YAML in {path}: {' '.join(str(error).split())}. Correct the file.") from error
    if not isinstance(loaded, dict):
        raise UserError(f"no mapping of {content} in {path}. Write lines such as '{example}'.")
    return loaded


def _repeatable(context: typer.Context) -> set[str | None]:
    """Return the parameters that take several values."""
    return {
        parameter.name
        for parameter in context.command.params
        if getattr(parameter, "multiple", False) or parameter.nargs == -1
    }
