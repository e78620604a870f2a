"""Masking of keys and passwords in messages and files."""

import os
import re
from collections.abc import Iterable

MASK = "***"

_SECRET_NAME = re.compile(r"(?:^|_|API)(?:KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")
_MIN_SECRET_CHARACTERS = 4
"""Values of environment variables that are shorter also occur in ordinary text, so they are not masked."""


def without_secrets(text: str, known: Iterable[str | None] = ()) -> str:
    """Return the text with secrets masked.

    Three kinds are masked: the known ones, the value of every environment variable with a name like that of a key, and
    user and password in a URL. Libraries read keys from the environment, and endpoints repeat what they received.

    Example:
        >>> without_secrets("http://me:password@host/v1 rejected sk-123", ["sk-123"])
        'http://***@host/v1 rejected ***'
    """
    from_environment = [
        value
        for name, value in os.environ.items()
        if _SECRET_NAME.search(name) and len(value) >= _MIN_SECRET_CHARACTERS
    ]
    for secret in sorted({*filter(None, known), *from_environment}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _USERINFO.sub(f"{MASK}@", text)
