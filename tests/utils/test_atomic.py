import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from openmedlm.utils.atomic import atomically, folder_beside, write_atomically


def test_the_file_holds_the_chunks_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.jsonl"
    write_atomically(path, [b"one\n", b"two\n"])
    assert path.read_bytes() == b"one\ntwo\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_half_way_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_bytes(b"old")

    def chunks() -> Iterator[bytes]:
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, chunks())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_others_may_read_the_file_as_the_umask_says(tmp_path: Path) -> None:
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


def test_what_a_killed_writer_left_is_swept_away_by_the_next_and_nothing_else_is(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED, tmp_path]).returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2
    others = {tmp_path / ".file2.x.tmp", tmp_path / ".file.tmp", tmp_path / "file.x.tmp"}
    for other in others:
        other.touch()
    write_atomically(tmp_path / "file", [b"whole"])
    assert set(tmp_path.iterdir()) == {tmp_path / "file", *others}


def test_writers_of_one_file_leave_each_other_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with folder_beside(path) as folder, atomically(path) as one, atomically(path) as two:
        assert len(list(tmp_path.iterdir())) == 3
        (folder / "part").touch()
        one.write(b"one")
        two.write(b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]
