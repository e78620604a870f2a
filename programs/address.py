"""Addresses that go into files."""

from urllib.parse import urlsplit

from data import BadInput


def plain_address(address: str, option: str) -> str:
    """The address without a closing slash.

    Args:
        address: of an endpoint.
        option: what the user gave it as, for the error.

    Raises:
        BadInput: it is no address, or holds a secret, which is not repeated.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"{option} is not an address; write it like http://127.0.0.1:8000/v1")
    if "@" in parts.netloc or parts.query:
        raise BadInput(f"{option} holds a password or a query, which would end in files; give a key instead")
    return address.rstrip("/")
