"""Reachability of a web address, with a short time limit."""

import socket
import threading
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


def reachable(url: str, seconds: float = 4.0) -> bool:
    """Return True if a connection to the host of `url`, or to its proxy, opens within `seconds`.

    Clients of the Hugging Face hub retry an unreachable host for half a minute. This function tries once, and its time
    limit covers name resolution too, which a socket timeout does not.
    """
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = None if proxy_bypass(host) else getproxies().get(parts.scheme)
    if proxy is not None:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    address = (parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 443))
    opened = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection(address, timeout=seconds).close()
        except OSError:
            return
        opened.set()

    attempt = threading.Thread(target=connect, daemon=True)
    attempt.start()
    attempt.join(seconds)
    return opened.is_set()
