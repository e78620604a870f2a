"""Hub names, against a cache with the layout of the hub's client and against a local HTTP server as the hub."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from openmedlm.data import UserError
from openmedlm.programs.retrieval import SentenceEmbedder, Vectors
from openmedlm.programs.retrieval.hub_revision import find_revision

OLD, NEW = "a" * 40, "b" * 40
TEXT = "A 62-year-old man has crushing chest pain that spreads to the left arm. " * 3


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache as the only source of models, as with HF_HUB_OFFLINE=1."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.delenv("SENTENCE_TRANSFORMERS_HOME", raising=False)
    return tmp_path / "hub"


def keep(cache: Path, repository: str, commit: str, files: dict[str, Path | bytes], *refs: str) -> None:
    """Put a snapshot into the cache."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    for name, content in files.items():
        file = folder / "snapshots" / commit / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            file.symlink_to(content)
    for ref in refs:
        (folder / "refs").mkdir(exist_ok=True)
        (folder / "refs" / ref).write_text(commit)


def files_of(minilm: SentenceEmbedder) -> dict[str, Path | bytes]:
    root = Path(minilm.source)
    return {str(file.relative_to(root)): file for file in root.rglob("*") if file.is_file()}


def cut_at_eight_tokens(files: dict[str, Path | bytes]) -> dict[str, Path | bytes]:
    return {**files, "sentence_bert_config.json": b'{"max_seq_length": 8, "do_lower_case": false}'}


@pytest.mark.parametrize("file", ["modules.json", "config.json"])
def test_name_resolves_to_the_cached_commit(cache: Path, file: str) -> None:
    keep(cache, "org/small", OLD, {file: b"{}"})
    keep(cache, "org/small", NEW, {file: b"{}"}, "main")
    assert str(find_revision("org/small")) == f"org/small@{NEW}"
    assert SentenceEmbedder("org/small").fingerprint == f"org/small@{NEW}"


def test_commit_branch_or_tag_is_resolved(cache: Path) -> None:
    keep(cache, "org/small", OLD, {"config.json": b"{}"}, "v1")
    keep(cache, "org/small", NEW, {"config.json": b"{}"}, "main")
    assert find_revision(f"org/small@{OLD}") == find_revision("org/small@v1")
    assert find_revision("org/small@v1").commit == OLD


def test_fingerprint_is_a_name_of_the_same_model(cache: Path) -> None:
    keep(cache, "org/small", NEW, {"config.json": b"{}"}, "main")
    fingerprint = SentenceEmbedder("org/small").fingerprint
    keep(cache, "org/small", OLD, {"config.json": b"{}"}, "main")
    assert SentenceEmbedder("org/small").fingerprint != fingerprint
    assert SentenceEmbedder(fingerprint).fingerprint == fingerprint


def test_plain_name_is_of_sentence_transformers(cache: Path) -> None:
    keep(cache, "sentence-transformers/small", NEW, {"modules.json": b"[]"}, "main")
    assert str(find_revision("small")) == f"sentence-transformers/small@{NEW}"


def test_sentence_transformers_cache_folder_is_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path / "own", "org/small", NEW, {"config.json": b"{}"}, "main")
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path / "own"))
    assert find_revision("org/small").commit == NEW


@pytest.mark.parametrize(
    "name", ["org/none", "none", "./models/none", "/no/such/place", "not a name!/x", "a/b/c", "@x"]
)
def test_unknown_name_is_one_line(cache: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"can't load .*--embedder") as caught:
        _ = SentenceEmbedder(name).fingerprint
    assert "\n" not in str(caught.value)
    assert repr(name) in str(caught.value)


ENCODE = """
import json, sys
from openmedlm.data import UserError
from openmedlm.programs.retrieval import find_embedder
text, *names = sys.argv[1:]
try:
    embedders = map(find_embedder, names)
    print(json.dumps([[embedder.fingerprint, embedder.encode([text]).tolist()] for embedder in embedders]))
except UserError as error:
    sys.exit(f"UserError: {error}")
"""


def encode(*names: str, home: Path, **environment: str) -> list[tuple[str, Vectors]]:
    """Return fingerprints and vectors from a new process, since the hub's client reads its settings on import."""
    inherited = {
        k: v for k, v in os.environ.items() if not k.startswith(("HF_", "SENTENCE_")) and "proxy" not in k.lower()
    }
    settings = {**inherited, "HF_HOME": str(home), "OMP_NUM_THREADS": "1", **environment}
    done = subprocess.run([sys.executable, "-c", ENCODE, TEXT, *names], env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [(fingerprint, np.array(row, dtype=np.float32)) for fingerprint, (row,) in json.loads(done.stdout)]


def test_cached_model_loads_its_commit_offline(minilm: SentenceEmbedder, tmp_path: Path) -> None:
    files = files_of(minilm)
    keep(tmp_path / "hub", "org/small", OLD, cut_at_eight_tokens(files))
    keep(tmp_path / "hub", "org/small", NEW, files, "main")
    (newest, vector), (older, cut) = encode("org/small", f"org/small@{OLD}", home=tmp_path, HF_HUB_OFFLINE="1")
    assert (newest, older) == (f"org/small@{NEW}", f"org/small@{OLD}")
    assert vector == pytest.approx(minilm.encode([TEXT])[0], abs=1e-5)
    assert cut @ vector < 0.95


class Hub(ThreadingHTTPServer):
    """Hub server with the model org/small at one commit."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.files = files
        self.commit = OLD


class HubHandler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        for revision in ("main", self.server.commit):
            content = self.server.files.get(path.removeprefix(f"/org/small/resolve/{revision}/"))
            if content is not None:
                headers = {"ETag": f'"{sha1(content).hexdigest()}"', "X-Repo-Commit": self.server.commit}
                return self.answer(200, content, headers)
            if path == f"/api/models/org/small/revision/{revision}":
                about = {"id": "org/small", "sha": self.server.commit, "siblings": []}
                return self.answer(200, json.dumps(about).encode(), {})
        return self.answer(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.server.commit})

    def do_HEAD(self) -> None:
        self.do_GET()

    def answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@pytest.fixture
def hub(minilm: SentenceEmbedder) -> Iterator[Hub]:
    server = Hub({name: file.read_bytes() for name, file in files_of(minilm).items() if isinstance(file, Path)})
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_fetched_model_keeps_its_commit_on_hub_changes(hub: Hub, minilm: SentenceEmbedder, tmp_path: Path) -> None:
    endpoint = f"http://127.0.0.1:{hub.server_address[1]}"
    ((fetched, vector),) = encode("org/small", home=tmp_path, HF_ENDPOINT=endpoint)
    assert fetched == f"org/small@{OLD}"
    assert vector == pytest.approx(minilm.encode([TEXT])[0], abs=1e-5)
    hub.commit, hub.files["sentence_bert_config.json"] = NEW, b'{"max_seq_length": 8, "do_lower_case": false}'
    ((later, same),) = encode("org/small", home=tmp_path, HF_ENDPOINT=endpoint)
    assert later == fetched
    assert np.array_equal(same, vector)
