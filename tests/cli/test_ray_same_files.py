"""The same run gives the same bytes, however many requests are in flight, and in whatever order answers arrive."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model_server import Asked, ModelServer, Reply, drawn_letter

OF_TIME = {"timing.json", "seconds.parquet"}


def files(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir() if file.name not in OF_TIME}


@pytest.mark.parametrize(
    "program",
    [
        ("evaluate", "ensemble", "--member", "zero-shot", "--votes", "5"),
        ("evaluate", "ensemble", "--member", "few-shot", "--votes", "5", "--no-shuffle", "--temperature", "0.7"),
        ("evaluate", "few-shot"),
    ],
    ids=["shuffled", "one prompt", "single"],
)
def test_run_files_depend_on_no_order(
    program: tuple[str, ...],
    openmedlm: Callable[..., Any],
    hosted: tuple[str, ...],
    server: ModelServer,
    tmp_path: Path,
) -> None:
    written = []
    for name, at_once, slowest in (("one", 1, 0.0), ("many", 256, 0.2), ("again", 256, 0.05)):

        def late(asked: Asked, slowest: float = slowest, name: str = name) -> Reply:
            drawn = hashlib.sha256(name.encode() + asked.identity).digest()[0]
            return Reply(drawn_letter(asked).text, delay=slowest * drawn / 255)

        server.reply = late
        place = tmp_path / name
        ended = openmedlm(*program, *hosted, "--max-concurrency", at_once, "-o", place, "--store", f"{place}.sqlite")
        assert ended.code == 0, ended.err
        written.append(files(place))
    assert len(written[0]) == 5
    assert written[0] == written[1] == written[2]
    assert server.busiest > 1
