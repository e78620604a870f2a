"""Export to lm-evaluation-harness: it sends the same prompts and measures the same accuracy."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from harness import MODULES
from model_server import ModelServer
from student import Student
from warm import WarmStart

from openmedlm.data import load_split
from openmedlm.local_models import resolve, serve

Run = Callable[..., Any]


def arguments(folder: Path, base_url: str) -> list[str]:
    """Return the arguments of `lm_eval` in the task's README."""
    readme = (folder / "README.md").read_text()
    command = readme.replace("\\\n", " ").replace("NAME", "small").replace("http://127.0.0.1:8000/v1", base_url)
    (found,) = (shlex.split(line) for line in command.splitlines() if line.startswith("    lm_eval"))
    return [*found[1:], "--output_path", "../results", "--log_samples"]


def environment(key: str) -> dict[str, str]:
    return {**os.environ, "HF_HUB_OFFLINE": "1", "OPENAI_API_KEY": key}


def read_results(folder: Path) -> dict[str, Any]:
    (file,) = (folder.parent / "results").rglob("results_*.json")
    (result,) = json.loads(file.read_text())["results"].values()
    return result  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def warm_harness() -> Iterator[WarmStart]:
    with WarmStart("harness:run", MODULES, environment("none")) as running:
        yield running


@pytest.fixture
def harness(warm_harness: WarmStart, server: ModelServer) -> Callable[[Path], dict[str, Any]]:
    """Run the command of a task's README against the server, and return the harness's results."""

    def run(folder: Path) -> dict[str, Any]:
        command = arguments(folder, server.base_url)
        done = warm_harness.start(*command, cwd=folder, env=environment("none"))
        _, errors = done.communicate(1_200)
        assert done.returncode == 0, errors[-3000:]
        return read_results(folder)

    return run


@pytest.mark.parametrize(
    ("strategy", "template"), [("few-shot-cot", "chat"), ("few-shot", "chat-user"), ("few-shot", "plain")]
)
def test_harness_sends_the_prompts_of_the_program(
    strategy: str,
    template: str,
    openmedlm: Run,
    harness: Run,
    hosted: tuple[str, ...],
    server: ModelServer,
    tmp_path: Path,
) -> None:
    server.reply = Student(load_split("mmlu", "dev", "sample")) if template != "plain" else server.reply
    openmedlm("compile", "-s", strategy, *hosted, "--template", template, "--no-score", "-o", "p")
    ours = openmedlm("evaluate", "p", *hosted, "--on-unparsed", "skip", "--json").json["runs"][0]
    sent = {orjson.dumps(asked.prompt) for asked in server.requests}
    limits = {(asked.body["max_tokens"], str(asked.body.get("stop"))) for asked in server.requests}
    server.requests.clear()
    openmedlm("export", "p", "--to", "lm-eval", "--data-dir", "sample", "-o", "task")
    theirs = harness(tmp_path / "task")
    prompts = [asked.prompt for asked in server.requests]
    assert {orjson.dumps(prompt) for prompt in prompts} == sent
    assert len(prompts) == len(sent)
    assert {asked.body["max_tokens"] for asked in server.requests} == {tokens for tokens, _ in limits}
    if template == "chat":  # the student answers by a hash of the whole request, and the harness adds a seed to it
        assert theirs["acc,none"] > 0
    assert ours["n"] == len(prompts)


def test_harness_measures_our_accuracy_on_an_embedded_model(openmedlm: Run, tmp_path: Path) -> None:
    model = ("-m", "local/smollm2-135m", "-b", "mmlu", "--data-dir", "sample")
    openmedlm("compile", "-s", "few-shot", "-k", 2, *model, "--no-score", "-o", "p")
    ours = openmedlm("evaluate", "p", *model, "--on-unparsed", "skip", "--json").json["runs"][0]
    openmedlm("export", "p", "--to", "lm-eval", "--data-dir", "sample", "-o", "task")
    with serve(resolve("local/smollm2-135m")) as running:
        subprocess.run(
            [sys.executable, "-m", "lm_eval", *arguments(tmp_path / "task", running.base_url)],
            cwd=tmp_path / "task",
            env=environment(running.api_key),
            check=True,
            capture_output=True,
        )
    theirs = read_results(tmp_path / "task")
    assert theirs["acc,none"] == pytest.approx(ours["accuracy"])
    assert 0 < ours["accuracy"] < 1


def test_task_keeps_line_separators_sampling_and_unique_names(
    openmedlm: Run, harness: Run, hosted: tuple[str, ...], server: ModelServer, tmp_path: Path
) -> None:
    marks = "\u2028\u2029\x85\x1c"
    odd = [
        {"id": f"q{n}", "question": f"Which{mark}one?", "options": {"A": "x", "B": f"y{mark}z"}, "answer": "B"}
        for n, mark in enumerate(marks)
    ]
    (tmp_path / "odd.jsonl").write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in odd))
    openmedlm("data", "import", "odd.jsonl", "--name", "odd", "--data-dir", "own")
    openmedlm("compile", "-s", "zero-shot", *hosted, "--top-k", 7, "--top-p", 0.9, "--no-score", "-o", "p")
    own = ("-b", "odd", "--data-dir", "own")
    names = [
        openmedlm("export", "p", "--to", "lm-eval", *source, "-o", f"task{n}", "--json").json["task"]
        for n, source in enumerate((own, ("--data-dir", "sample"), ("--data-dir", "sample", "--split", "test")))
    ]
    assert len(set(names)) == 3
    harness(tmp_path / "task0")
    assert [(asked.body["top_k"], asked.body["top_p"]) for asked in server.requests] == [(7, 0.9)] * 4
    assert all(any(f"y{mark}z" in asked.question for asked in server.requests) for mark in marks)


@pytest.mark.parametrize(("strategy", "message"), [("ensemble", "votes"), ("knn-few-shot", "fixed exemplars")])
def test_program_that_lm_eval_cannot_render_is_refused(
    strategy: str, message: str, openmedlm: Run, hosted: tuple[str, ...], tmp_path: Path
) -> None:
    openmedlm("compile", "-s", strategy, *hosted, "--no-score", "-o", "p")
    ended = openmedlm("export", "p", "--to", "lm-eval", "--data-dir", "sample", "-o", "task")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert message in ended.err
    assert not (tmp_path / "task").exists()
    assert openmedlm("export", "p", "--to", "lm-eval", "--data-dir", "sample").code == 2
