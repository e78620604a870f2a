import socket
import threading
import time

import pytest

from openmedlm.utils.network import reachable


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def port() -> int:
    """Return a loopback port without a listener."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_reachable_is_true_only_for_a_listening_host(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        assert reachable(f"http://127.0.0.1:{port}")
    assert not reachable(f"http://127.0.0.1:{port}")


def test_reachable_with_proxy_connects_to_the_proxy(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
    assert not reachable("https://hub.invalid")
    with socket.create_server(("127.0.0.1", port)):
        assert reachable("https://hub.invalid")


def test_reachable_hanging_name_lookup_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: release.wait(30) and [])
    start = time.monotonic()
    assert not reachable("https://hub.invalid", seconds=0.2)
    assert time.monotonic() - start < 5
    release.set()
