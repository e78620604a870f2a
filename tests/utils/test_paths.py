from pathlib import Path

import pytest

from openmedlm.utils.paths import vectors_directory


def test_vectors_directory_is_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = vectors_directory()
    assert folder is not None
    assert folder.is_dir()


def test_vectors_directory_not_writable_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert vectors_directory() is None
    assert str(tmp_path / "file") in caplog.text
