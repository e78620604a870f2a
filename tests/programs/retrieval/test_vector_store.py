import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openmedlm.data import UserError
from openmedlm.programs.retrieval import Embedder, VectorStore
from openmedlm.programs.retrieval.vector_store import DamagedError

Make = Callable[..., Any]


def store_of(folder: Path, embedder: Embedder) -> VectorStore:
    return VectorStore(folder, embedder.fingerprint)


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


def test_stored_vector_is_returned_unchanged(make_embedder: Make, tmp_path: Path) -> None:
    embedder = make_embedder(dimension=384)
    with store_of(tmp_path, embedder) as store:
        assert store.get_many(["heart"]) == {}
        filled = store.fill(["heart", "", "Ménière ✓"], embedder.encode)
    with store_of(tmp_path, embedder) as store:
        assert store.get_many(["Ménière ✓", "heart", "", "lung"]) == filled
    expected = embedder.encode(["heart"])[0]
    assert np.array_equal(np.frombuffer(filled["heart"], dtype="<f4"), expected)


def test_fill_computes_only_missing_texts(make_embedder: Make, tmp_path: Path) -> None:
    embedder = make_embedder()
    with store_of(tmp_path, embedder) as store:
        store.fill(["a", "b"], embedder.encode)
        filled = store.fill(["c", "b", "d"], embedder.encode)
    assert embedder.calls == [["a", "b"], ["c", "d"]]
    assert filled.keys() == {"b", "c", "d"}


def test_file_is_named_by_the_fingerprint(make_embedder: Make, tmp_path: Path) -> None:
    one, two = make_embedder(fingerprint="org/one@1"), make_embedder(fingerprint="org/two@1")
    for embedder in (one, two):
        with store_of(tmp_path / "new" / "folder", embedder) as store:
            store.fill(["a"], embedder.encode)
    assert two.encoded == ["a"]
    names = {file.name for file in (tmp_path / "new" / "folder").glob("*.sqlite")}
    assert names == {f"{sha256(name).hexdigest()}.sqlite" for name in (b"org/one@1", b"org/two@1")}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE vectors SET vector = x'00000000'",
        "UPDATE vectors SET vector = zeroblob(36)",
        "UPDATE vectors SET vector = 'a text of thirty-two characters.'",
        "DELETE FROM vectors WHERE 1",
    ],
)
def test_row_of_the_wrong_length_is_computed_again(damage: str, make_embedder: Make, tmp_path: Path) -> None:
    embedder = make_embedder()
    with store_of(tmp_path, embedder) as store:
        filled = store.fill(["a", "b"], embedder.encode)
    where = f"text = '{sha256(b'b').hexdigest()}'"
    change(store.path, damage.replace("1", where) if "WHERE" in damage else f"{damage} WHERE {where}")
    with store_of(tmp_path, embedder) as store:
        assert store.get_many(["a", "b"]).keys() == {"a"}
        assert store.fill(["a", "b"], embedder.encode) == filled == store.get_many(["a", "b"])
    assert embedder.calls == [["a", "b"], ["b"]]


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA user_version = 99",
        "PRAGMA user_version = 0",
        "DROP TABLE vectors",
        "DROP TABLE embedder",
        "UPDATE embedder SET fingerprint = 'another'",
        "DELETE FROM embedder",
    ],
)
def test_foreign_file_is_damaged(statement: str, make_embedder: Make, tmp_path: Path) -> None:
    embedder = make_embedder()
    with store_of(tmp_path, embedder) as store:
        store.fill(["a"], embedder.encode)
    change(store.path, statement)
    with pytest.raises(DamagedError, match=str(store.path)), store_of(tmp_path, embedder) as again:
        again.get_many(["a"])


def test_damaged_file_is_set_aside_once(make_embedder: Make, tmp_path: Path) -> None:
    embedder = make_embedder()
    path = store_of(tmp_path, embedder).path
    path.write_bytes(b"no database at all, " * 100)
    damages = []
    for _ in range(2):
        with pytest.raises(DamagedError) as caught, store_of(tmp_path, embedder):
            pass
        damages.append(caught.value)
    damages[0].set_aside()
    assert path.with_name(f"{path.name}.damaged").read_bytes().startswith(b"no database")
    with store_of(tmp_path, embedder) as store:
        filled = store.fill(["a"], embedder.encode)
    damages[1].set_aside()
    with store_of(tmp_path, embedder) as store:
        assert store.get_many(["a"]) == filled


def test_set_aside_includes_the_files_log(tmp_path: Path) -> None:
    """SQLite would otherwise apply the log of a killed process to the new file."""
    parts = [tmp_path / f"x.sqlite{end}" for end in ("", "-wal", "-shm")]
    for part in parts:
        part.write_bytes(part.name.encode())
    DamagedError(parts[0], "as if").set_aside()
    assert not any(part.exists() for part in parts)
    assert (tmp_path / "x.sqlite.damaged-wal").read_bytes() == b"x.sqlite-wal"


def test_set_aside_waits_for_other_users(make_embedder: Make, tmp_path: Path) -> None:
    embedder = make_embedder()
    with store_of(tmp_path, embedder) as store:
        store.fill(["a"], embedder.encode)
        mover = threading.Thread(target=DamagedError(store.path, "as if").set_aside)
        mover.start()
        mover.join(0.3)
        assert mover.is_alive()
        assert store.path.exists()
    mover.join(10)
    assert not store.path.exists()


def test_failed_embedder_releases_the_store(make_embedder: Make, tmp_path: Path) -> None:
    failing, working = make_embedder(fails_at=0), make_embedder()
    with store_of(tmp_path, failing) as store:
        with pytest.raises(RuntimeError, match="out of memory"):
            store.fill(["a"], failing.encode)
        assert store.get_many(["a"]) == {}
        with store_of(tmp_path, working) as other:
            other.fill(["a"], working.encode)
        assert store.get_many(["a"]).keys() == {"a"}


def test_reads_continue_while_one_process_computes(make_embedder: Make, tmp_path: Path) -> None:
    embedder = make_embedder()
    with store_of(tmp_path, embedder) as store, store_of(tmp_path, embedder) as other:
        store.fill(["a"], embedder.encode)
        seen = []

        def encode(texts: list[str]) -> Any:
            seen.append(other.get_many(["a", "b"]).keys())
            return embedder.encode(texts)

        store.fill(["b"], encode)
        assert seen == [{"a"}]


def test_long_read_does_not_block_a_commit(make_embedder: Make, tmp_path: Path) -> None:
    embedder = make_embedder()
    with store_of(tmp_path, embedder) as store, closing(sqlite3.connect(store.path, isolation_level=None)) as reader:
        store.fill(["a"], embedder.encode)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM vectors").fetchone()
        store.fill(["b"], embedder.encode)
        assert store.get_many(["a", "b"]).keys() == {"a", "b"}


def test_another_dimension_of_a_fingerprint_is_rejected(make_embedder: Make, tmp_path: Path) -> None:
    small, large = make_embedder(dimension=8), make_embedder(dimension=16)
    with store_of(tmp_path, small) as store:
        kept = store.fill(["a"], small.encode)
        with pytest.raises(UserError, match=r"'hashing': 16, but .* holds 8") as caught:
            store.fill(["b"], large.encode)
        assert str(store.path) in str(caught.value)
        assert store.get_many(["a", "b"]) == kept


def test_invalid_folder_is_one_line(make_embedder: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(UserError, match="can't use the vector store") as caught,
        store_of(tmp_path / "file", make_embedder()),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_lock_timeout_is_one_line(make_embedder: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openmedlm.programs.retrieval.vector_store.LOCK_TIMEOUT_SECONDS", 0.1)
    embedder = make_embedder()
    with store_of(tmp_path, embedder) as store, closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UserError, match=r"locked.*rerun the command"):
            store.fill(["a"], embedder.encode)
    assert embedder.calls == []
