"""A program as a model: a stock OpenAI client asks it, and its answers are those of `evaluate`."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import orjson
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_server import ModelServer, Reply
from student import Student

from data import BadInput, Question, load_split
from openmedlm.serving.reading import asked_in, question_in
from programs import TEMPLATES

BENCHMARKS = ("medqa", "medmcqa", "pubmedqa", "mmlu")


@contextlib.contextmanager
def serving(hosted: tuple[str, ...], folder: Path, *command: object, **env: str) -> Iterator[str]:
    """The address of `serve`, in a process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "openmedlm", "serve", *map(str, command), *hosted, "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, **env},
    )
    try:
        assert process.stdout is not None
        said = ""
        while not said.endswith("}\n"):
            line = process.stdout.readline()
            assert line, process.communicate()
            said += line
        yield orjson.loads(said)["base_url"]
    finally:
        process.terminate()
        process.communicate(timeout=20)


def texts(question: Question) -> str:
    """A question as a harness writes it."""
    options = "\n".join(f"{letter}. {text}" for letter, text in question.options.items())
    return f"{question.question}\n{options}\nAnswer:"


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_the_products_own_prompts_are_read_back(benchmark: str, template: Any) -> None:
    from programs.exemplar import Exemplar

    pool = load_split(benchmark, "pool", "sample")
    for question in load_split(benchmark, "dev", "sample"):
        for shown in ((), tuple(Exemplar(each) for each in pool[:3])):
            prompt = template.render("Answer.", shown, question, reasoning=False)
            asked = prompt if isinstance(prompt, str) else asked_in({"messages": list(prompt)})
            read = question_in(asked)
            assert (read.question, read.options) == (question.question.strip(), question.options)
            told = "\n".join(question.context or ())
            if not template.system or template.kind == "completion":
                assert told in "\n".join(read.context or ()) or not told
            else:
                assert "\n".join(read.context or ()) == told


@pytest.mark.parametrize(
    ("text", "stem", "options"),
    [
        ("Which?\nA. x\nB. y", "Which?", {"A": "x", "B": "y"}),
        ("Which?\n(A) x\n(B) y\n(C) z\nAnswer:", "Which?", {"A": "x", "B": "y", "C": "z"}),
        ("Q: Which?\nA) x\nB) y\nA:", "Which?", {"A": "x", "B": "y"}),
        ("First?\nA. x\nB. y\nAnswer: B\n\nSecond?\nA. v\nB. w\nAnswer:", "Second?", {"A": "v", "B": "w"}),
        (
            "The following are multiple choice questions (with answers) about anatomy.\n\nWhich?\n A. x\n B. y",
            "Which?",
            {"A": "x", "B": "y"},
        ),
        ("A man, 40.\n\nWhich?\nA. x\n  more\nB. y", "A man, 40.\n\nWhich?", {"A": "x\n  more", "B": "y"}),
        ('{"question": "Which?", "options": {"A": "x", "B": "y"}}', "Which?", {"A": "x", "B": "y"}),
    ],
)
def test_questions_of_harnesses_are_read(text: str, stem: str, options: dict[str, str]) -> None:
    read = question_in(text)
    assert (read.question, read.options) == (stem, options)


@given(st.text() | st.lists(st.sampled_from(["A. x", "B. y", "Question: z", "Answer: B", "", "{"])).map("\n".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = question_in(text)
    except BadInput:
        return
    assert len(read.options) > 1


def test_a_stock_client_gets_the_answers_of_evaluate(
    openmedlm: Callable[..., Any], server: ModelServer, hosted: tuple[str, ...], tmp_path: Path
) -> None:
    server.reply = Student(load_split("mmlu", "dev", "sample"))
    frozen = openmedlm("compile", "-s", "ensemble", "--member", "few-shot-cot", "--votes", 3, *hosted, "-o", "program")
    assert frozen.code == 0, frozen.err
    assert openmedlm("evaluate", "program", *hosted, "-o", "run").code == 0
    kept = {row["question_id"]: row["answer"] for row in pq.read_table("run/outcomes.parquet").to_pylist()}
    bought = len(server.requests)
    # A frozen program needs no benchmark to be named.
    with serving(hosted[:4], tmp_path, "program", XDG_DATA_HOME=os.environ["XDG_DATA_HOME"]) as address:
        client = openai.OpenAI(base_url=address, api_key="none", max_retries=0)
        assert [model.id for model in client.models.list()] == ["program"]
        for question in load_split("mmlu", "dev", "sample"):
            messages: Any = [{"role": "user", "content": texts(question)}]
            said = client.chat.completions.create(model="program", messages=messages)
            content = said.choices[0].message.content or ""
            assert content.endswith(f"\n\nAnswer: {kept[question.id]}")
            assert said.usage is not None
            assert said.usage.completion_tokens > 0
            pieces = client.chat.completions.create(model="program", messages=messages, stream=True)
            assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == content
            asked = client.completions.create(model="program", prompt=texts(question))
            assert asked.choices[0].text == content
    assert len(server.requests) == bought, "every vote lay in the store"


def test_what_is_no_question_is_refused_and_the_endpoints_fault_is_told_as_such(
    server: ModelServer, hosted: tuple[str, ...], tmp_path: Path
) -> None:
    server.reply = lambda asked: Reply(raw=b'{"error": {"message": "too long"}}', status=400)
    with serving(hosted, tmp_path, "zero-shot", XDG_DATA_HOME=str(tmp_path / "d")) as address:
        client = openai.OpenAI(base_url=address, api_key="none", max_retries=0)

        def ask(content: Any, **more: Any) -> None:
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": content}], **more)

        for content in ("Hello.", "Which?\nA. x", [{"type": "image_url", "image_url": {"url": "x"}}], ""):
            with pytest.raises(openai.BadRequestError):
                ask(content)
        with pytest.raises(openai.BadRequestError, match="one answer"):
            ask("Which?\nA. x\nB. y", n=2)
        with pytest.raises(openai.InternalServerError, match="too long"):
            ask("Which?\nA. x\nB. y")
        for body in (b"{", b"[]", b'{"messages": 3}', b"{}"):
            assert httpx.post(f"{address}/chat/completions", content=body).status_code == 400
        for header in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
            assert httpx.get(f"{address}/models", headers=header).status_code == 403


def test_only_the_letter_and_only_with_the_key(server: ModelServer, hosted: tuple[str, ...], tmp_path: Path) -> None:
    server.reply = lambda asked: Reply("So it is.\n\nAnswer: B")
    env = {"XDG_DATA_HOME": str(tmp_path / "d"), "OPENMEDLM_SERVE_KEY": "a-secret"}
    with serving(hosted, tmp_path, "cot", "--letter-only", **env) as address:
        with pytest.raises(openai.AuthenticationError):
            openai.OpenAI(base_url=address, api_key="another", max_retries=0).models.list()
        client = openai.OpenAI(base_url=address, api_key="a-secret", max_retries=0)
        messages: Any = [{"role": "user", "content": "Which?\nA. x\nB. y"}]
        said = client.chat.completions.create(model="m", messages=messages)
        assert said.choices[0].message.content == "B"
        assert server.requests[0].authorization is None
