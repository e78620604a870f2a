"""JSON without repeated keys."""

import json
from typing import Any


class DuplicateKeyError(ValueError):
    """A key occurs twice in one JSON object, so that a decoder would keep only one of its values."""

    def __init__(self, key: str) -> None:
        super().__init__(f'the key "{key}" occurs twice in one JSON object')


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs as a dictionary.

    Raises:
        DuplicateKeyError: A key occurs twice.

    Example:
        >>> unique([("A", "Aspirin"), ("B", "Heparin")])
        {'A': 'Aspirin', 'B': 'Heparin'}
    """
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        raise DuplicateKeyError(next(key for key in values if keys.count(key) > 1))
    return values


_DECODER = json.JSONDecoder(object_pairs_hook=unique)


def load_json(text: str | bytes) -> Any:
    """Decode a JSON text, in UTF-8 if it is given as bytes.

    Raises:
        DuplicateKeyError: A key occurs twice in one object. RFC 8259 leaves open which value counts; `json` and
            `orjson` silently keep the last.
        json.JSONDecodeError: The text is not JSON.
        ValueError, RecursionError: The bytes are not UTF-8, a number is too long, or the nesting is too deep.

    Example:
        >>> load_json('{"A": "Aspirin"}')
        {'A': 'Aspirin'}
    """
    return _DECODER.decode(text if isinstance(text, str) else text.decode())
