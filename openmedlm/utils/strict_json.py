"""JSON without repeated keys."""

import json
from typing import Any


class DuplicateKeyError(ValueError):
    """A key occurs twice in one JSON object, so that a decoder would keep only one of its values."""

    def __init__(self, key: str) -> None:
        super().__init__(f'the key "{key}" occurs twice in one JSON object')


def load_json(text: str | bytes) -> Any:
    """Decode a JSON text.

    Raises:
        DuplicateKeyError: A key occurs twice in one object. RFC 8259 leaves open which value counts; `json` and
            `orjson` silently keep the last.
        json.JSONDecodeError: The text is not JSON.
        ValueError, RecursionError: A number is too long, or the nesting is too deep.

    Example:
        >>> load_json('{"A": "Aspirin"}')
        {'A': 'Aspirin'}
    """
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        raise DuplicateKeyError(next(key for key in values if keys.count(key) > 1))
    return values
