"""Loading through `datasets` from an HTTP server with the hub's API, and without a server."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from openmedlm.data.benchmarks import BENCHMARKS

REPOSITORY, REVISION = BENCHMARKS["mmlu"].pool.tables[0].hub_id, BENCHMARKS["mmlu"].pool.tables[0].revision
SUBJECTS = [table.config for table in BENCHMARKS["mmlu"].pool.tables]


def repository() -> dict[str, bytes]:
    """Return thirty invented questions, five per subject, in the layout of the dev split of `cais/mmlu`."""
    card = [{"config_name": s, "data_files": [{"split": "dev", "path": f"{s}/dev.jsonl"}]} for s in SUBJECTS]
    files = {"README.md": f"---\nconfigs: {json.dumps(card)}\n---\n".encode()}
    for subject in SUBJECTS:
        rows = [
            {"question": f"Invented {n}?", "subject": subject, "choices": ["a", "b", "c", "d"], "answer": n % 4}
            for n in range(5)
        ]
        files[f"{subject}/dev.jsonl"] = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return files


class Hub(ThreadingHTTPServer):
    """A hub with one dataset at one revision; `requests` are the requested paths."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.files = repository()
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class HubHandler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.requests.append(path)
        resolve, api = f"/datasets/{REPOSITORY}/resolve/{REVISION}/", f"/api/datasets/{REPOSITORY}"
        if path.startswith(resolve) and path.removeprefix(resolve) in self.server.files:
            content = self.server.files[path.removeprefix(resolve)]
            self.answer(200, content, {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": REVISION})
        elif path == f"{api}/revision/{REVISION}":
            siblings = [{"rfilename": name} for name in self.server.files]
            self.answer(200, json.dumps({"id": REPOSITORY, "sha": REVISION, "siblings": siblings}).encode())
        elif path.startswith(f"{api}/tree/{REVISION}"):
            folder = path.removeprefix(f"{api}/tree/{REVISION}").strip("/")
            entries = [
                {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for name, content in self.server.files.items()
                if name.startswith(folder)
            ]
            self.answer(200, json.dumps(entries).encode())
        else:
            self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})

    def do_HEAD(self) -> None:
        self.do_GET()

    def answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def silent_url() -> str:
    """Return an address without a server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


LOAD = """
import sys
from openmedlm.data import UserError, fingerprint, load_split
try:
    questions = load_split("mmlu", "pool")
except UserError as error:
    sys.exit(f"UserError: {error}")
print(len(questions), fingerprint(questions))
"""


def load(home: Path, url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `load_split("mmlu", "pool")` in a new process, since `datasets` reads the hub's address at import."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HF_") and not k.lower().endswith("_proxy")}
    own = {"HF_ENDPOINT": url, "HF_HOME": str(home / "hf"), "XDG_CACHE_HOME": str(home), "XDG_DATA_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-c", LOAD],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**inherited, **own, **environment},
        timeout=60,
    )


def test_load_split_requests_pinned_revision_once(hub: Hub, silent_url: str, tmp_path: Path) -> None:
    first = load(tmp_path, hub.url)
    assert first.stdout.startswith("30 "), first.stderr
    data_requests = [path for path in hub.requests if REPOSITORY in path]
    assert data_requests
    assert all(REVISION in path for path in data_requests)

    count = len(hub.requests)
    assert load(tmp_path, hub.url, HF_HUB_OFFLINE="1").stdout == first.stdout
    assert load(tmp_path, silent_url).stdout == first.stdout
    assert len(hub.requests) == count


def test_load_split_changed_content_of_revision_is_refused(hub: Hub, tmp_path: Path) -> None:
    assert load(tmp_path, hub.url).returncode == 0
    name = f"{SUBJECTS[0]}/dev.jsonl"
    hub.files[name] = hub.files[name].replace(b"Invented 3", b"Inverted 3")
    again = load(tmp_path, hub.url, HF_HOME=str(tmp_path / "other-hf"))
    record = tmp_path / "openmedlm" / "hub" / "mmlu-dev.json"
    assert again.stderr.splitlines()[-1].startswith(f"UserError: {record}: ")


@pytest.mark.parametrize("environment", [{}, {"HF_HUB_OFFLINE": "1"}])
def test_load_split_without_hub_fails_within_seconds(
    silent_url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    start = time.monotonic()
    done = load(tmp_path, silent_url, **environment)
    assert time.monotonic() - start < 15
    assert done.returncode == 1
    assert done.stderr.startswith(f"UserError: {REPOSITORY}:{SUBJECTS[0]}:dev: ")
    assert done.stderr.count("\n") == 1
    assert "--data-dir sample" in done.stderr
