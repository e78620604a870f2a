import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CONTENT = b"GGUF" + bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
REVISION = "0123456789012345678901234567890123456789"
FILE = f"/nobody/tiny/resolve/{REVISION}/tiny.gguf"
FETCH = """
from pathlib import Path
from openmedlm.local_models import EmbeddedModel
from openmedlm.local_models.hub import HubError, from_hub
model = EmbeddedModel(
    name="tiny", upstream="", quantisation="", licence="", bytes={size}, sha256={sha256!r}, chat=True, context=8,
    hub=("nobody/tiny", {revision!r}, "tiny.gguf"),
)
try:
    print(from_hub(model, Path({directory!r})).read_bytes() == bytes.fromhex({content!r}))
except HubError as error:
    print("HubError:", error)
"""


class Hub(BaseHTTPRequestHandler):
    """Answers for one file as the Hugging Face hub does."""

    server: "HubServer"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        self.server.asked.append((self.command, self.path))
        time.sleep(self.server.delay)
        self.send_response(200 if self.path == FILE else 404)
        self.send_header("X-Repo-Commit", REVISION)
        self.send_header("ETag", f'"{self.server.sha256}"')
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if body:
            self.wfile.write(CONTENT)


class HubServer(ThreadingHTTPServer):
    daemon_threads = True
    delay = 0.0
    sha256 = SHA256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hub)
        self.asked: list[tuple[str, str]] = []


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def fetch(endpoint: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, float]:
    """What an interpreter prints that knows this hub alone, and the seconds that it took."""
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    code = FETCH.format(
        size=len(CONTENT), sha256=SHA256, revision=REVISION, directory=str(directory), content=CONTENT.hex()
    )
    start = time.monotonic()
    ran = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip(), time.monotonic() - start


def test_the_file_comes_from_the_pinned_revision(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, _ = fetch(f"http://127.0.0.1:{hub.server_port}", tmp_path, monkeypatch)
    assert said == "True"
    assert ("GET", FILE) in hub.asked


def test_other_bytes_are_not_even_downloaded(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.sha256 = "0" * 64
    said, _ = fetch(f"http://127.0.0.1:{hub.server_port}", tmp_path, monkeypatch)
    assert said == "HubError: the file there has another sha256"
    assert ("GET", FILE) not in hub.asked


def test_a_hub_that_says_nothing_costs_seconds_not_minutes(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.delay = 30.0
    said, seconds = fetch(f"http://127.0.0.1:{hub.server_port}", tmp_path, monkeypatch)
    assert said.startswith("HubError: ")
    assert seconds < 15


def test_a_hub_that_is_not_there_is_left_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said, seconds = fetch("http://127.0.0.1:9", tmp_path, monkeypatch)
    assert said.startswith("HubError: ")
    assert seconds < 10
