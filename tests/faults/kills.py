"""Kills each long command at random moments, again and again, and looks at what is left.

    python tests/faults/kills.py [--kills 50] [--seed 0] [--commands pool evaluate ladder tune compile]

Each command runs once undisturbed, and then in a place of its own where SIGKILL meets it after a random part of that
time; the same command is started again until it has been killed often enough, in a new place whenever it got through.
Then it is left alone. The files must be those of the undisturbed run, byte for byte, but for those that hold times; and
no request may have been answered twice, but for those that were in flight at a kill.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from model_server import Asked, ModelServer, Reply
from student import Student

from openmedlm.data import load_split

AT_ONCE = 4
OF_TIME = ("timing.json", "seconds.parquet")
DATA = ("-b", "mmlu", "--data-dir", "sample")
COMMANDS = {
    "pool": (("pool", *DATA, "--rounds", "2", "-o", "out/pool.jsonl"), "out"),
    "evaluate": (("evaluate", "ensemble", "--member", "cot", "--votes", "5", *DATA, "-o", "out"), "out"),
    "ladder": (("ladder", "--votes", "3", *DATA, "--limit", "6", "-o", "out"), "out"),
    "tune": (("tune", "--trials", "6", "--block", "3", *DATA, "-o", "out"), "out/program"),
    "compile": (("compile", "-s", "few-shot-cot", *DATA, "-o", "out"), "out"),
}


class Place:
    """A directory in which a command runs, with a vote store of its own."""

    def __init__(self, folder: Path, server: ModelServer, command: tuple[str, ...], kept: str) -> None:
        self._folder, self._kept = folder, folder / kept
        folder.mkdir()
        self._command = [
            *(sys.executable, "-m", "openmedlm", *command, "--store", "votes.sqlite", "-m", "hosted_vllm/small"),
            *("--api-base", server.base_url, "--max-concurrency", str(AT_ONCE)),
        ]
        self._environment = {
            **os.environ,
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }

    def start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self) -> None:
        process = self.start()
        _, said = process.communicate(timeout=600)
        assert process.returncode in (0, 3), said

    def files(self) -> dict[str, bytes]:
        return {
            str(file.relative_to(self._kept)): file.read_bytes()
            for file in sorted(self._kept.rglob("*"))
            if file.is_file() and file.name not in OF_TIME
        }


def killed(name: str, kills: int, source: random.Random, server: ModelServer, folder: Path) -> tuple[int, int, int]:
    """Kills that were made, runs that came through, requests that were answered twice."""
    command, kept = COMMANDS[name]
    whole = Place(folder / "whole", server, command, kept)
    began = time.monotonic()
    whole.finish()
    with_options = time.monotonic() - began
    expected = whole.files()
    assert expected
    made = finished = twice = 0
    while made < kills:
        server.requests.clear()
        place = Place(folder / f"place-{finished}", server, command, kept)
        here = 0
        while made < kills:
            process = place.start()
            time.sleep(source.uniform(0.2, 1.0) * with_options)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.communicate()
            made += 1
            here += 1
        place.finish()
        finished += 1
        assert place.files() == expected, f"{name}: other files after {here} kills"
        again = Counter(asked.identity for asked in server.requests)
        repeated = sum(again.values()) - len(again)
        assert repeated <= here * AT_ONCE, f"{name}: {repeated} requests answered twice in {here} kills"
        twice += repeated
    return made, finished, twice


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--commands", nargs="+", default=list(COMMANDS), choices=COMMANDS)
    options = parser.parse_args()
    questions = [question for split in ("dev", "pool") for question in load_split("mmlu", split, "sample")]
    student = Student(questions)
    for name in options.commands:
        with ModelServer() as server, tempfile.TemporaryDirectory() as folder:

            def slowly(asked: Asked) -> Reply:
                return Reply(student(asked).text, delay=0.03)

            server.reply = slowly
            source = random.Random(f"{options.seed} {name}")
            made, finished, twice = killed(name, options.kills, source, server, Path(folder))
        print(
            f"{name:<9} {made} kills, {finished} runs came through, 0 lost or other files, {twice} asked twice",
            flush=True,
        )


if __name__ == "__main__":
    main()
