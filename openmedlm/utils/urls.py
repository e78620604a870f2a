"""Addresses of endpoints and URLs of databases, as they may be kept and shown."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from openmedlm.utils.errors import UserError
from openmedlm.utils.secrets import MASK

JOURNAL = "journal:"
"""What the URL of an Optuna journal file begins with."""

_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+(%\w+)?")
"""A name, an IPv4 address, or an IPv6 address without its brackets."""


def plain_address(address: str, option: str) -> str:
    """The address without a closing slash.

    Args:
        address: of an endpoint.
        option: what the user gave it as, for the error.

    Raises:
        UserError: it is no address, or holds a secret, which is not repeated.
    """
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:  # brackets that don't close, a port that is no number
        usable = False
    if not usable or not address.isprintable() or " " in address:
        raise UserError(f"{option} is not an address; write it like http://127.0.0.1:8000/v1")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UserError(f"{option} holds a password or a query, which would end in files; give a key instead")
    return address.rstrip("/")


def with_driver(url: str) -> str:
    """The URL with the driver that the product brings; SQLAlchemy takes psycopg2 for a bare name."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


def database_file(url: str) -> str | None:
    """The absolute path of the file that a database is kept in; None where it is in no file."""
    for scheme in (f"{JOURNAL}//", JOURNAL, "sqlite:///"):
        if url.startswith(scheme):
            return Path(url.removeprefix(scheme)).absolute().as_posix()
    return None


def shown_url(url: str) -> str:
    """The URL as it may be shown: without what could be a password, and without its query."""
    if database_file(url) is not None:
        return url
    before, at, host = url.partition("?")[0].rpartition("@")
    scheme, user = _userinfo(before)
    return f"{scheme}{user[0]}:{MASK}@{host}" if at and len(user) > 1 else f"{before}{at}{host}"


def has_password(url: str) -> bool:
    """Whether a text is the URL of a database, with what could be a password in it."""
    return "://" in url and (MASK in shown_url(url) or "password=" in url)


def scrubbed(text: str, url: str) -> str:
    """The text in one line, with whatever could be a password of the URL masked, as drivers repeat it."""
    before, _, query = url.partition("?")
    secrets = _userinfo(before.rpartition("@")[0])[1][1:] if database_file(url) is None else []
    secrets += [value.partition("=")[2] for value in re.split("[&;]", query)]
    line = " ".join(text.split()).partition("[SQL:")[0].partition("(Background on this error")[0].strip()
    for secret in sorted({*secrets, *map(unquote, secrets)} - {""}, key=len, reverse=True):
        line = line.replace(secret, MASK)
    return line


def _userinfo(before: str) -> tuple[str, list[str]]:
    """Scheme and parts of what stands before a URL's host: the user, then what may be a password, or parts of one."""
    scheme = re.match(r"[A-Za-z0-9+]*:?/*", before)
    assert scheme is not None, "it matches the empty text too"
    return scheme[0], re.split("[:@/]", before[scheme.end() :])
