"""Groups of options as parameters of commands."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from openmedlm.utils.errors import UserError

GENERAL = "General"
"""Heading under which `--help` lists the options of every command, after all others."""


def with_options(*groups: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of these groups, and pass each group to it as one object.

    The first parameters of the command are the groups, in this order; its other parameters stay options of their own.
    A group may consist of groups: its options are those of its parts. `--help` lists the options of a group under its
    `HEADING`.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(command).parameters.values())[len(groups) :]

        @wraps(command)
        def run(**values: Any) -> None:
            _check_utf8(values.values())
            built = [_build(group, values) for group in groups]
            command(*built, **values)

        ordered = sorted(groups, key=lambda group: getattr(group, "HEADING", "") == GENERAL)
        shared = [parameter for group in ordered for parameter in _parameters(group)]
        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *shared)]
        )
        run.__annotations__ = {p.name: p.annotation for p in (*own, *shared)}
        return run

    return decorate


def _build(group: type, values: dict[str, Any]) -> Any:
    """Build a group from the values of its options, which are taken out of `values`."""
    hints = get_type_hints(group)
    return group(
        **{
            f.name: _build(hints[f.name], values) if is_dataclass(hints[f.name]) else values.pop(f.name)
            for f in fields(group)
        }
    )


def _parameters(group: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for f in fields(group):
        if is_dataclass(hints[f.name]):
            yield from _parameters(hints[f.name])
        else:
            yield inspect.Parameter(
                f.name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=_under_heading(hints[f.name], group.HEADING),
                default=inspect.Parameter.empty if f.default is MISSING else f.default,
            )


def _under_heading(annotated: Any, heading: str) -> Any:
    """Return the annotation of an option with the heading under which `--help` lists it."""
    kind, option = get_args(annotated)
    option = copy(option)
    option.rich_help_panel = heading
    return Annotated[kind, option]


def _check_utf8(values: Iterable[object]) -> None:
    """Refuse a name with bytes that are not UTF-8: Linux allows them in paths, JSON and HTML do not."""
    for value in values:
        if isinstance(value, list | tuple):
            _check_utf8(value)
        elif isinstance(value, str | Path) and any("\ud800" <= character <= "\udfff" for character in str(value)):
            raise UserError(f"not UTF-8 in an argument: {str(value)!a}. Rename it.")
