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
from openmedlm.local_models import hub
from openmedlm.local_models.hub import HubError, from_hub
hub.PROBE_TIMEOUT_SECONDS = {probe_seconds}
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
    """Request handler that serves one file as the Hugging Face hub does."""

    server: "HubServer"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        self.server.requests.append((self.command, self.path))
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
        self.requests: list[tuple[str, str]] = []


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def fetch(endpoint: str, directory: Path, monkeypatch: pytest.MonkeyPatch, probe_seconds: float = 60.0) -> str:
    """Return the output of a process that knows this hub only."""
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    code = FETCH.format(
        size=len(CONTENT),
        sha256=SHA256,
        revision=REVISION,
        directory=str(directory),
        content=CONTENT.hex(),
        probe_seconds=probe_seconds,
    )
    finished = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, timeout=300)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


def test_from_hub_downloads_the_pinned_revision(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = fetch(f"http://127.0.0.1:{hub.server_port}", tmp_path, monkeypatch)
    assert output == "True"
    assert ("GET", FILE) in hub.requests


def test_from_hub_skips_a_file_with_another_sha256(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.sha256 = "0" * 64
    output = fetch(f"http://127.0.0.1:{hub.server_port}", tmp_path, monkeypatch)
    assert "another sha256" in output
    assert ("GET", FILE) not in hub.requests


def test_from_hub_gives_up_on_a_silent_hub(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.delay = 600.0
    output = fetch(f"http://127.0.0.1:{hub.server_port}", tmp_path, monkeypatch, probe_seconds=0.2)
    assert output.startswith("HubError: ")
    assert "0 s" in output


def test_from_hub_reports_an_unreachable_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = fetch("http://127.0.0.1:9", tmp_path, monkeypatch)
    assert output.startswith("HubError: ")
