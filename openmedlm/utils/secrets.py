"""Keys and passwords out of what is said to a user or written to a file."""

import os
import re
from collections.abc import Iterable

MASK = "***"

_SECRET_NAME = re.compile(r"(?:^|_|API)(?:KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")
_SHORTEST = 4
"""Shorter values stand in ordinary text too, and masking them would only spoil it."""


def without_secrets(text: str, known: Iterable[str | None] = ()) -> str:
    """The text with secrets masked: those given, every value of a variable whose name ends like that of a key, and what
    stands before the `@` of an address.

    Libraries take keys from the environment by themselves, and endpoints echo what they were sent.
    """
    ambient = [value for name, value in os.environ.items() if _SECRET_NAME.search(name) and len(value) >= _SHORTEST]
    for secret in sorted({*filter(None, known), *ambient}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _USERINFO.sub(f"{MASK}@", text)
