"""Groups of options as the parameters of commands."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import MISSING, fields
from functools import wraps
from pathlib import Path
from typing import Any, get_type_hints

from openmedlm.utils.errors import UserError


def with_options(*groups: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the options of these groups, each group handed over as one object.

    The command's first parameters are the groups, in this order; its other parameters stay its own.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(command).parameters.values())[len(groups) :]

        @wraps(command)
        def run(**values: Any) -> None:
            _check_utf8(values.values())
            built = [group(**{f.name: values.pop(f.name) for f in fields(group)}) for group in groups]
            command(*built, **values)

        shared = [parameter for group in groups for parameter in _parameters(group)]
        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *shared)]
        )
        run.__annotations__ = {p.name: p.annotation for p in (*own, *shared)}
        return run

    return decorate


def _check_utf8(values: Iterable[object]) -> None:
    """Refuses names that no file of ours could hold: Linux allows any bytes in a path, JSON and HTML do not."""
    for value in values:
        if isinstance(value, list | tuple):
            _check_utf8(value)
        elif isinstance(value, str | Path) and any("\ud800" <= sign <= "\udfff" for sign in str(value)):
            raise UserError(f"{str(value)!a}: this name is not UTF-8; rename it")


def _parameters(group: type) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            f.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=hints[f.name],
            default=inspect.Parameter.empty if f.default is MISSING else f.default,
        )
        for f in fields(group)
    ]
