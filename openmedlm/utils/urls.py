"""Endpoint addresses and database URLs, without secrets where they are stored or shown."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from openmedlm.utils.errors import UserError
from openmedlm.utils.secrets import MASK

JOURNAL = "journal:"
"""Prefix of the URL of an Optuna journal file."""

_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+(%\w+)?")
"""Host name, IPv4 address, or IPv6 address without brackets."""


def plain_address(address: str, option: str) -> str:
    """Return the address of an endpoint without a trailing slash.

    Args:
        address: URL as the user gave it.
        option: Name of the option, for the error.

    Raises:
        UserError: The address is not an http or https URL, or it contains a secret, which the message does not repeat.

    Example:
        >>> plain_address("http://127.0.0.1:8000/v1/", "--api-base")
        'http://127.0.0.1:8000/v1'
    """
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:  # unbalanced brackets, or a port that is not a number
        usable = False
    if not usable or not address.isprintable() or " " in address:
        raise UserError(f"{option}: not an http or https URL. Write it like http://127.0.0.1:8000/v1.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UserError(f"{option}: the URL contains a password or a query. Remove it and pass an API key instead.")
    return address.rstrip("/")


def with_driver(url: str) -> str:
    """Return the URL with the psycopg driver; for a bare `postgresql://` SQLAlchemy uses psycopg2."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


def database_file(url: str) -> str | None:
    """Return the absolute path of a database file; None for a database server."""
    for scheme in (f"{JOURNAL}//", JOURNAL, "sqlite:///"):
        if url.startswith(scheme):
            return Path(url.removeprefix(scheme)).absolute().as_posix()
    return None


def shown_url(url: str) -> str:
    """Return the URL with a possible password masked, and without its query."""
    if database_file(url) is not None:
        return url
    before, at, host = url.partition("?")[0].rpartition("@")
    scheme, user = _userinfo(before)
    return f"{scheme}{user[0]}:{MASK}@{host}" if at and len(user) > 1 else f"{before}{at}{host}"


def has_password(url: str) -> bool:
    """Return True if the text is a database URL with a possible password."""
    return "://" in url and (MASK in shown_url(url) or "password=" in url)


def scrubbed(text: str, url: str) -> str:
    """Return a driver's message on one line, with every possible password of the URL masked."""
    before, _, query = url.partition("?")
    secrets = _userinfo(before.rpartition("@")[0])[1][1:] if database_file(url) is None else []
    secrets += [value.partition("=")[2] for value in re.split("[&;]", query)]
    line = " ".join(text.split()).partition("[SQL:")[0].partition("(Background on this error")[0].strip()
    for secret in sorted({*secrets, *map(unquote, secrets)} - {""}, key=len, reverse=True):
        line = line.replace(secret, MASK)
    return line


def _userinfo(before: str) -> tuple[str, list[str]]:
    """Split the part of a URL before its host into scheme, user and possible parts of a password."""
    scheme = re.match(r"[A-Za-z0-9+]*:?/*", before)
    assert scheme is not None, "the pattern matches the empty string"
    return scheme[0], re.split("[:@/]", before[scheme.end() :])
