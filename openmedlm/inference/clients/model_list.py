"""Models that an endpoint lists at `/models`."""

from collections.abc import Mapping
from typing import Any, NamedTuple

_LENGTH_FIELDS = ("max_model_len", "context_length", "max_context_length", "context_window", "max_input_tokens")


class ModelList(NamedTuple):
    """Listed models.

    Attributes:
        names: Names of the models.
        context_length: Maximum tokens of prompt and completion of the served model; None if the list does not say.
    """

    names: tuple[str, ...] = ()
    context_length: int | None = None


def parse_model_list(body: Any, served_name: str) -> ModelList:
    """Return the models in a list, which may have any form.

    Example:
        >>> parse_model_list({"data": [{"id": "small", "max_model_len": 4096}]}, "small").context_length
        4096
    """
    data = body.get("data") or body.get("models") if isinstance(body, Mapping) else body
    entries = [entry for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else []
    named = {str(entry["id"]): entry for entry in entries if isinstance(entry.get("id"), str)}
    entry = named.get(served_name) or (next(iter(named.values())) if len(named) == 1 else {})
    nested = [entry.get(name) for name in ("meta", "top_provider")]
    lengths = [entry.get(name) for name in _LENGTH_FIELDS]
    lengths += [each.get(name) for each in nested if isinstance(each, Mapping) for name in ("n_ctx", *_LENGTH_FIELDS)]
    known = [length for length in lengths if type(length) is int and 0 < length < 2**31]
    return ModelList(tuple(named), known[0] if known else None)
