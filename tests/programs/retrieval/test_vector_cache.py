import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openmedlm.data import UserError
from openmedlm.programs.retrieval import SentenceEmbedder, Vectors, encode_cached

Make = Callable[..., Any]

SUPPORT = str(Path(__file__).parents[2] / "support")
CHUNK = 64
"""Batch size of the embedder, in texts."""


def texts(count: int) -> list[str]:
    return [f"Question number {n} of the pool?" for n in range(count)]


def test_text_is_computed_once_and_stored(make_embedder: Make, tmp_path: Path) -> None:
    first, second = make_embedder(), make_embedder()
    vectors = encode_cached(texts(5), first, tmp_path)
    assert first.encoded == texts(5)
    assert np.array_equal(vectors, first.encode(texts(5)))
    assert np.array_equal(encode_cached(texts(5), second, tmp_path), vectors)
    assert second.calls == []


def test_grown_pool_computes_only_new_texts(make_embedder: Make, tmp_path: Path) -> None:
    embedder = make_embedder()
    encode_cached(texts(100), embedder, tmp_path)
    grown = encode_cached(texts(120), embedder, tmp_path)
    assert embedder.encoded == texts(120)
    part = encode_cached(texts(120)[90:20:-3], embedder, tmp_path)
    assert len(embedder.encoded) == 120
    assert np.array_equal(part, grown[90:20:-3])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(max_size=3), max_size=12), max_size=5))
def test_texts_in_any_order_are_computed_once(make_embedder: Make, asked: list[list[str]]) -> None:
    embedder, plain = make_embedder(), make_embedder()
    with tempfile.TemporaryDirectory() as folder:
        for some in asked:
            vectors = encode_cached(some, embedder, Path(folder))
            assert len(vectors) == len(some)
            assert not some or np.array_equal(vectors, plain.encode(some))
    assert sorted(embedder.encoded) == sorted({text for some in asked for text in some})


def test_repeated_texts_are_computed_once(make_embedder: Make, tmp_path: Path) -> None:
    for folder in (tmp_path, None):
        embedder = make_embedder()
        vectors = encode_cached(["a", "b", "a", "a"], embedder, folder)
        assert embedder.encoded == ["a", "b"]
        assert np.array_equal(vectors, embedder.encode(["a", "b", "a", "a"]))


def test_no_folder_stores_nothing(make_embedder: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    embedder = make_embedder()
    vectors = [encode_cached(texts(100), embedder, None) for _ in range(2)]
    assert embedder.encoded == texts(100) * 2
    assert np.array_equal(*vectors)
    assert list(tmp_path.iterdir()) == []


def test_no_texts_need_no_embedder(make_embedder: Make, tmp_path: Path) -> None:
    for folder in (tmp_path, None):
        assert encode_cached([], make_embedder(fails_at=0), folder).shape[0] == 0


def test_returned_vectors_are_writable(make_embedder: Make, tmp_path: Path) -> None:
    for folder in (tmp_path, None):
        vectors = encode_cached(texts(3), make_embedder(), folder)
        vectors += 1
        assert vectors.dtype == np.float32


def test_vectors_before_a_failure_are_kept(make_embedder: Make, tmp_path: Path) -> None:
    failing, working = make_embedder(fails_at=2), make_embedder()
    with pytest.raises(RuntimeError, match="out of memory"):
        encode_cached(texts(200), failing, tmp_path)
    encode_cached(texts(200), working, tmp_path)
    assert working.encoded == texts(200)[2 * CHUNK :]


KILLED = """
import os, signal, sys
from pathlib import Path
from openmedlm.programs.retrieval import encode_cached
sys.path.insert(0, {here!r})
from hashing_embedder import Hashing
class Dying(Hashing):
    def encode(self, texts):
        if len(self.calls) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(texts)
encode_cached([f"Question number {{n}} of the pool?" for n in range(300)], Dying(), Path({folder!r}))
"""


def test_killed_process_loses_at_most_one_batch(make_embedder: Make, tmp_path: Path) -> None:
    code = KILLED.format(here=SUPPORT, folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    embedder = make_embedder()
    vectors = encode_cached(texts(300), embedder, tmp_path)
    assert embedder.encoded == texts(300)[3 * CHUNK :]
    assert np.array_equal(vectors, embedder.encode(texts(300)))


CONCURRENT = """
import sys, time
from pathlib import Path
from openmedlm.programs.retrieval import encode_cached
sys.path.insert(0, {here!r})
from hashing_embedder import Hashing
class Slow(Hashing):
    def encode(self, texts):
        time.sleep(0.02)
        return super().encode(texts)
embedder = Slow()
print("ready", flush=True)
sys.stdin.readline()
encode_cached([f"Question number {{n}} of the pool?" for n in {order}], embedder, Path({folder!r}))
print("\\n".join(embedder.encoded))
"""


def test_two_processes_compute_each_text_once(make_embedder: Make, tmp_path: Path) -> None:
    commands = [
        subprocess.Popen(
            [sys.executable, "-c", CONCURRENT.format(here=SUPPORT, folder=str(tmp_path), order=order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for order in ("range(600)", "range(599, -1, -1)")
    ]
    for command in commands:
        assert command.stdout is not None
        assert command.stdout.readline() == "ready\n"
    for command in commands:
        assert command.stdin is not None
        command.stdin.write("go\n")
        command.stdin.flush()
    computed = [command.communicate(timeout=60)[0].splitlines() for command in commands]
    assert [command.returncode for command in commands] == [0, 0]
    assert all(computed)
    assert sorted(computed[0] + computed[1]) == sorted(texts(600))
    embedder = make_embedder()
    encode_cached(texts(600), embedder, tmp_path)
    assert embedder.calls == []


def test_one_question_waits_for_one_batch_of_a_pool(make_embedder: Make, tmp_path: Path) -> None:
    started, embedded, embedder = threading.Event(), threading.Event(), make_embedder()

    class Slow(type(embedder)):  # type: ignore[misc]
        def encode(self, texts: Sequence[str]) -> Vectors:
            started.set()
            embedded.wait(0.1)
            return super().encode(texts)

    pool = threading.Thread(target=encode_cached, args=(texts(40 * CHUNK), Slow(), tmp_path))
    pool.start()
    started.wait(10)
    encode_cached(["A question?"], embedder, tmp_path)
    assert pool.is_alive()
    embedded.set()
    pool.join()
    assert embedder.encoded == ["A question?"]


def garble_the_pages(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def of_something_else(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE votes (key TEXT)")
    connection.close()


def of_another_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [
        garble_the_pages,
        cut_short,
        of_something_else,
        of_another_version,
        lambda path: path.write_bytes(b"not a database " * 500),
        lambda path: path.write_bytes(b""),
    ],
)
def test_damaged_or_foreign_file_is_computed_again(
    damage: Callable[[Path], None], make_embedder: Make, tmp_path: Path
) -> None:
    vectors = encode_cached(texts(100), make_embedder(), tmp_path)
    (file,) = tmp_path.glob("*.sqlite")
    damage(file)
    again, later = make_embedder(), make_embedder()
    assert np.array_equal(encode_cached(texts(100), again, tmp_path), vectors)
    assert again.encoded == texts(100)
    assert np.array_equal(encode_cached(texts(100), later, tmp_path), vectors)
    assert later.calls == []


def test_file_that_stays_damaged_is_one_line(make_embedder: Make, tmp_path: Path) -> None:
    encode_cached(["a"], make_embedder(), tmp_path)
    (file,) = tmp_path.glob("*.sqlite")
    file.unlink()
    file.mkdir()
    with pytest.raises(UserError, match=str(file)) as caught:
        encode_cached(["a"], make_embedder(), tmp_path)
    assert "\n" not in str(caught.value)


def test_progress_counts_different_texts(make_embedder: Make, tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    encode_cached(texts(30), make_embedder(), tmp_path)
    encode_cached(texts(100) * 2, make_embedder(), tmp_path, lambda done, total: progress.append((done, total)))
    assert progress == [(30, 100), (30 + CHUNK, 100), (100, 100)]
    encode_cached(texts(100), make_embedder(), tmp_path, lambda done, total: progress.append((done, total)))
    assert len(progress) == 3
    encode_cached(texts(100), make_embedder(), None, lambda done, total: progress.append((done, total)))
    assert progress[3:] == [(0, 100), (CHUNK, 100), (100, 100)]


def test_vectors_of_a_real_model_are_stored_bit_for_bit(minilm: SentenceEmbedder, tmp_path: Path) -> None:
    asked = ["myocardial infarction", "heart attack"]
    encode_cached(asked[:1], minilm, tmp_path)
    assert np.array_equal(encode_cached(asked, minilm, tmp_path), minilm.encode(asked))
