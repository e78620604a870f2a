"""Tests that run files do not depend on concurrency or on the order of answers."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model_server import Asked, ModelServer, Reply, drawn_letter

TIME_FILES = {"timing.json", "seconds.parquet"}


def files(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir() if file.name not in TIME_FILES}


@pytest.mark.parametrize(
    "program",
    [
        ("evaluate", "ensemble", "--member", "zero-shot", "--votes", "5"),
        ("evaluate", "ensemble", "--member", "few-shot", "--votes", "5", "--no-shuffle", "--temperature", "0.7"),
        ("evaluate", "few-shot"),
    ],
    ids=["shuffled", "one prompt", "single"],
)
def test_run_files_do_not_depend_on_order(
    program: tuple[str, ...],
    openmedlm: Callable[..., Any],
    hosted: tuple[str, ...],
    server: ModelServer,
    tmp_path: Path,
) -> None:
    written = []
    for name, concurrency, slowest in (("one", 1, 0.0), ("many", 256, 0.2), ("again", 256, 0.05)):

        def delayed(asked: Asked, slowest: float = slowest, name: str = name) -> Reply:
            drawn = hashlib.sha256(name.encode() + asked.identity).digest()[0]
            return Reply(drawn_letter(asked).text, delay=slowest * drawn / 255)

        server.reply = delayed
        output = tmp_path / name
        ended = openmedlm(
            *program, *hosted, "--max-concurrency", concurrency, "-o", output, "--store", f"{output}.sqlite"
        )
        assert ended.code == 0, ended.err
        written.append(files(output))
    assert len(written[0]) == 5
    assert written[0] == written[1] == written[2]
    assert server.busiest > 1
