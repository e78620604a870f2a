"""A frozen program as a task of lm-evaluation-harness, which sends what we send and finds what we find."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from model_server import ModelServer
from student import Student

from data import load_split
from programs.embedded import resolve, serve

Run = Callable[..., Any]


def harness(task: str, folder: Path, base_url: str, chat: bool, key: str = "none") -> dict[str, Any]:
    """What the harness finds, by its own command line."""
    template = ("--apply_chat_template", "--fewshot_as_multiturn", "true") if chat else ()
    kind, route = ("local-chat-completions", "chat/completions") if chat else ("local-completions", "completions")
    model = f"model=small,base_url={base_url}/{route},tokenizer_backend=None,max_retries=1"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "lm_eval", "--tasks", task, "--include_path", str(folder), *template),
            *("--model", kind, "--model_args", model, "--output_path", "found", "--log_samples"),
        ],
        cwd=folder.parent,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OPENAI_API_KEY": key},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (found,) = (folder.parent / "found").rglob("results_*.json")
    return json.loads(found.read_text())["results"][task]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("strategy", "template"), [("few-shot-cot", "chat"), ("few-shot", "chat-user"), ("few-shot", "plain")]
)
def test_the_harness_sends_what_the_program_sends(
    strategy: str, template: str, openmedlm: Run, hosted: tuple[str, ...], server: ModelServer, tmp_path: Path
) -> None:
    server.reply = Student(load_split("mmlu", "dev", "sample")) if template != "plain" else server.reply
    openmedlm("compile", "-s", strategy, *hosted, "--template", template, "--no-score", "-o", "p")
    ours = openmedlm("evaluate", "p", *hosted, "--unreadable", "leave", "--json").json["runs"][0]
    sent = {orjson.dumps(asked.prompt) for asked in server.requests}
    limits = {(asked.body["max_tokens"], str(asked.body.get("stop"))) for asked in server.requests}
    server.requests.clear()
    exported = openmedlm("export", "p", "--to", "lm-eval", "--data-dir", "sample", "-o", "task", "--json").json
    chat = template != "plain"
    theirs = harness(exported["task"], tmp_path / "task", server.base_url, chat)
    prompts = [asked.prompt for asked in server.requests]
    assert {orjson.dumps(prompt) for prompt in prompts} == sent
    assert len(prompts) == len(sent)
    assert {asked.body["max_tokens"] for asked in server.requests} == {tokens for tokens, _ in limits}
    if template == "chat":  # a student's luck hangs on the whole request, and the harness sends a seed with it
        assert theirs["acc,none"] > 0
    assert ours["n"] == len(prompts)


def test_the_harness_finds_our_accuracy_on_an_embedded_model(openmedlm: Run, tmp_path: Path) -> None:
    model = ("-m", "local/smollm2-135m", "-b", "mmlu", "--data-dir", "sample")
    openmedlm("compile", "-s", "few-shot", "-k", 2, *model, "--no-score", "-o", "p")
    ours = openmedlm("evaluate", "p", *model, "--unreadable", "leave", "--json").json["runs"][0]
    task = openmedlm("export", "p", "--to", "lm-eval", "--data-dir", "sample", "-o", "task", "--json").json["task"]
    with serve(resolve("local/smollm2-135m")) as running:
        theirs = harness(task, tmp_path / "task", running.base_url, chat=True, key=running.api_key)
    assert theirs["acc,none"] == pytest.approx(ours["accuracy"])
    assert 0 < ours["accuracy"] < 1


@pytest.mark.parametrize(
    ("strategy", "said"), [("ensemble", "no ensembles"), ("knn-few-shot", "other exemplars than the questions before")]
)
def test_what_the_harness_can_not_render_is_refused(
    strategy: str, said: str, openmedlm: Run, hosted: tuple[str, ...], tmp_path: Path
) -> None:
    openmedlm("compile", "-s", strategy, *hosted, "--no-score", "-o", "p")
    ended = openmedlm("export", "p", "--to", "lm-eval", "--data-dir", "sample", "-o", "task")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert said in ended.err
    assert not (tmp_path / "task").exists()
    assert openmedlm("export", "p", "--to", "lm-eval", "--data-dir", "sample").code == 2
