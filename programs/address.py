"""Addresses that go into files."""

import re
from urllib.parse import urlsplit

from data import BadInput

_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+(%\w+)?")
"""A name, an IPv4 address, or an IPv6 address without its brackets."""


def plain_address(address: str, option: str) -> str:
    """The address without a closing slash.

    Args:
        address: of an endpoint.
        option: what the user gave it as, for the error.

    Raises:
        BadInput: it is no address, or holds a secret, which is not repeated.
    """
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:  # brackets that don't close, a port that is no number
        usable = False
    if not usable or not address.isprintable() or " " in address:
        raise BadInput(f"{option} is not an address; write it like http://127.0.0.1:8000/v1")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise BadInput(f"{option} holds a password or a query, which would end in files; give a key instead")
    return address.rstrip("/")
