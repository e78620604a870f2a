"""The path through `datasets` against an HTTP server that answers as the hub does; and without one."""

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
    """Thirty invented questions, five a subject, as `cais/mmlu` lays out its dev split."""
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
    """A hub with one dataset at one revision; `asked` are the paths that were requested."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.files = repository()
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class HubHandler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.asked.append(path)
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
        """Quiet."""


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
    """An address on which nothing listens."""
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
    """`load_split("mmlu", "pool")` in a process of its own, since the hub's address is read when it is imported."""
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


def test_the_hub_is_asked_for_the_pinned_revision_and_then_no_more_needed(
    hub: Hub, silent_url: str, tmp_path: Path
) -> None:
    first = load(tmp_path, hub.url)
    assert first.stdout.startswith("30 "), first.stderr
    of_the_data = [path for path in hub.asked if REPOSITORY in path]
    assert of_the_data
    assert all(REVISION in path for path in of_the_data)

    asked = len(hub.asked)
    assert load(tmp_path, hub.url, HF_HUB_OFFLINE="1").stdout == first.stdout
    assert load(tmp_path, silent_url).stdout == first.stdout
    assert len(hub.asked) == asked


def test_other_content_under_the_pinned_revision_is_refused(hub: Hub, tmp_path: Path) -> None:
    assert load(tmp_path, hub.url).returncode == 0
    name = f"{SUBJECTS[0]}/dev.jsonl"
    hub.files[name] = hub.files[name].replace(b"Invented 3", b"Inverted 3")
    again = load(tmp_path, hub.url, HF_HOME=str(tmp_path / "hf-of-another-day"))
    record = tmp_path / "openmedlm" / "hub" / "mmlu-dev.json"
    assert again.stderr.splitlines()[-1].startswith(f"UserError: {record}: the questions from the hub are no longer")


@pytest.mark.parametrize("environment", [{}, {"HF_HUB_OFFLINE": "1"}])
def test_a_missing_hub_is_one_clear_line_within_seconds(
    silent_url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    begun = time.monotonic()
    done = load(tmp_path, silent_url, **environment)
    assert time.monotonic() - begun < 15
    assert done.returncode == 1
    assert done.stderr == (
        f"UserError: {REPOSITORY}:{SUBJECTS[0]}:dev: cannot be loaded (the Hugging Face hub is out of reach and "
        "nothing of it is cached); use local files with --data-dir DIR, or the embedded sample with --data-dir sample\n"
    )
