"""Stress test: kills each long command at random moments, and compares the files with those of an undisturbed run.

    python tests/faults/kills.py [--kills 50] [--seed 0] [--commands pool evaluate ladder tune compile]

Each command runs once undisturbed. Then it runs in a new folder, and SIGKILL ends it after a random part of that time;
it is restarted until it has been killed often enough, in a new folder whenever it finished. Its last run is
undisturbed. The files must equal those of the undisturbed run, byte for byte, except those that hold times. No request
may be answered twice, except those in flight at a kill.
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

CONCURRENCY = 4
TIME_FILES = ("timing.json", "seconds.parquet")
DATA = ("-b", "mmlu", "--data-dir", "sample")
COMMANDS = {
    "pool": (("pool", *DATA, "--rounds", "2", "-o", "out/pool.jsonl"), "out"),
    "evaluate": (("evaluate", "ensemble", "--member", "cot", "--votes", "5", *DATA, "-o", "out"), "out"),
    "ladder": (("ladder", "--votes", "3", *DATA, "--limit", "6", "-o", "out"), "out"),
    "tune": (("tune", "--trials", "6", "--block", "3", *DATA, "-o", "out"), "out/program"),
    "compile": (("compile", "-s", "few-shot-cot", *DATA, "-o", "out"), "out"),
}


class CommandFolder:
    """Folder in which a command runs, with its own completion cache."""

    def __init__(self, folder: Path, server: ModelServer, command: tuple[str, ...], output: str) -> None:
        self._folder, self._output = folder, folder / output
        folder.mkdir()
        self._command = [
            *(sys.executable, "-m", "openmedlm", *command, "--store", "votes.sqlite", "-m", "hosted_vllm/small"),
            *("--api-base", server.base_url, "--max-concurrency", str(CONCURRENCY)),
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
        _, err = process.communicate(timeout=3600)
        assert process.returncode in (0, 3), err

    def files(self) -> dict[str, bytes]:
        return {
            str(file.relative_to(self._output)): file.read_bytes()
            for file in sorted(self._output.rglob("*"))
            if file.is_file() and file.name not in TIME_FILES
        }


def kill_repeatedly(
    name: str, kills: int, source: random.Random, server: ModelServer, folder: Path
) -> tuple[int, int, int]:
    """Return the numbers of kills, of finished runs, and of requests answered twice."""
    command, output = COMMANDS[name]
    undisturbed = CommandFolder(folder / "whole", server, command, output)
    began = time.monotonic()
    undisturbed.finish()
    seconds = time.monotonic() - began
    expected = undisturbed.files()
    assert expected
    done = finished = repeats = 0
    while done < kills:
        server.requests.clear()
        killed = CommandFolder(folder / f"run-{finished}", server, command, output)
        kills_here = 0
        while done < kills:
            process = killed.start()
            time.sleep(source.uniform(0.2, 1.0) * seconds)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.communicate()
            done += 1
            kills_here += 1
        killed.finish()
        finished += 1
        assert killed.files() == expected, f"{name}: other files after {kills_here} kills"
        counts = Counter(asked.identity for asked in server.requests)
        repeated = sum(counts.values()) - len(counts)
        assert repeated <= kills_here * CONCURRENCY, f"{name}: {repeated} requests answered twice in {kills_here} kills"
        repeats += repeated
    return done, finished, repeats


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

            def slow_reply(asked: Asked) -> Reply:
                return Reply(student(asked).text, delay=0.03)

            server.reply = slow_reply
            source = random.Random(f"{options.seed} {name}")
            done, finished, repeats = kill_repeatedly(name, options.kills, source, server, Path(folder))
        print(
            f"{name:<9} {done} kills, {finished} finished runs, 0 lost or different files, {repeats} repeated requests",
            flush=True,
        )


if __name__ == "__main__":
    main()
