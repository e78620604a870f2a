import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from openmedlm.utils.atomic import atomically, folder_beside, umask, write_atomically


def test_write_atomically_leaves_only_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.jsonl"
    write_atomically(path, [b"one\n", b"two\n"])
    assert path.read_bytes() == b"one\ntwo\n"
    assert list(path.parent.iterdir()) == [path]


def test_write_atomically_failure_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_bytes(b"old")

    def chunks() -> Iterator[bytes]:
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, chunks())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_write_atomically_file_mode_follows_the_umask(tmp_path: Path) -> None:
    reference = tmp_path / "reference"
    reference.touch()
    write_atomically(tmp_path / "file", [b"x"])
    assert (tmp_path / "file").stat().st_mode == reference.stat().st_mode


KILLED = """
import os, signal, sys
from pathlib import Path
from openmedlm.utils.atomic import atomically, folder_beside
at = Path(sys.argv[1])
with folder_beside(at / "file") as folder, atomically(at / "file") as file:
    (folder / "part").write_bytes(b"half")
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_write_atomically_removes_leftovers_of_killed_writer(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED, tmp_path]).returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2
    others = {tmp_path / ".file2.x.tmp", tmp_path / ".file.tmp", tmp_path / "file.x.tmp"}
    for other in others:
        other.touch()
    write_atomically(tmp_path / "file", [b"whole"])
    assert set(tmp_path.iterdir()) == {tmp_path / "file", *others}


def test_atomically_concurrent_writers_do_not_interfere(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with folder_beside(path) as folder, atomically(path) as one, atomically(path) as two:
        assert len(list(tmp_path.iterdir())) == 3
        (folder / "part").touch()
        one.write(b"one")
        two.write(b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_umask_read_in_threads_is_unchanged() -> None:
    usual, interval = umask(), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            seen = set(threads.map(lambda _: umask(), range(20_000)))
        assert seen == {usual}
        assert umask() == usual
    finally:
        sys.setswitchinterval(interval)
        os.umask(usual)
