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

from openmedlm.data import Question, UserError, load_split
from openmedlm.programs import TEMPLATES
from openmedlm.serving.request_parser import asked_in, question_in

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
    from openmedlm.programs.exemplar import Exemplar

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
        ("Which?\nA. x\n\nB. y\n\nC. z\n", "Which?", {"A": "x", "B": "y", "C": "z"}),
        ("Which?\nA. x \nB. y\n and more\nAnswer:", "Which?", {"A": "x ", "B": "y\n and more"}),
        ("Which?\nA. x\nB. y\nReply with the letter only.", "Which?", {"A": "x", "B": "y"}),
        ("Which?\nOptions:\n\nA. x\nB. y", "Which?", {"A": "x", "B": "y"}),
        ("Which?\nA. x\nB. y\nWrite only the letter of the right one.", "Which?", {"A": "x", "B": "y"}),
        ("Which?\nA. x\nB. y\n**Final answer:**", "Which?", {"A": "x", "B": "y"}),
        ("Which?\nA. x\nB. y\nE.g. answer with B.", "Which?", {"A": "x", "B": "y"}),
        ("Which?\nA. w of\nC. coli\nB. x", "Which?", {"A": "w of\nC. coli", "B": "x"}),
        ("Which?\nA. w\nB. x of\nD. species\nC. y", "Which?", {"A": "w", "B": "x of\nD. species", "C": "y"}),
        ("You are an expert.\n\nQ: Which?\nA. x\nB. y\nA:", "Which?", {"A": "x", "B": "y"}),
        (
            "Answer the following multiple choice question. A man has fever.\nWhich?\nA. x\nB. y",
            "Answer the following multiple choice question. A man has fever.\nWhich?",
            {"A": "x", "B": "y"},
        ),
        *(
            (
                f"Question: First?\nA. x\nB. y\n{answer}\n\nQuestion: Second?\nA. v\nB. w\n",
                "Second?",
                {"A": "v", "B": "w"},
            )
            for answer in (
                "Answer: B y",
                "answer: b",
                "Answer: **B**",
                "Correct answer: B",
                "Answer:\nB",
                "B",
                "Therefore, the answer is B.",
                "The answer is B because of y",
                "Answer: Let's think step by step. So it is. The answer is (B).",
            )
        ),
        ("Which?\nA. x\nB. y\n\nE. coli is no yeast.", "Which?", {"A": "x", "B": "y"}),
        (
            "A man is ill.\nThe answer is a matter of life.\nWhich?\nA. x\nB. y",
            "A man is ill.\nThe answer is a matter of life.\nWhich?",
            {"A": "x", "B": "y"},
        ),
        ("Question: One of these?\nQ1: is a mark\nA. x\nB. y", "One of these?\nQ1: is a mark", {"A": "x", "B": "y"}),
        (
            "Answer the following multiple choice question. The last line of your response should be 'Answer: $LETTER'"
            " where LETTER is one of ABCD.\n\nWhich?\n\nA) x\nB) y",
            "Which?",
            {"A": "x", "B": "y"},
        ),
        ('{"question": "Which?", "options": ["x", "y"], "answer": null}', "Which?", {"A": "x", "B": "y"}),
        ('{"question": "Which?", "options": {"A": "x", "B": "y"}}', "Which?", {"A": "x", "B": "y"}),
    ],
)
def test_questions_of_harnesses_are_read(text: str, stem: str, options: dict[str, str]) -> None:
    read = question_in(text)
    assert (read.question, read.options) == (stem, options)


def test_an_option_that_stands_twice_is_not_guessed() -> None:
    with pytest.raises(UserError, match="two options C"):
        question_in("Which?\nA. w\nB. two of\nC. difficile\nC. three")


@pytest.mark.parametrize("options", ["A. w\nB. x\nC.y\nD. z", "A. w\nB. x\nD. y\nE. z", "A. w\nB. x\nC.\nD. z"])
def test_an_option_that_can_not_be_read_is_not_left_out(options: str) -> None:
    with pytest.raises(UserError, match="option C can't be read"):
        question_in(f"Which?\n{options}\nAnswer:")


@pytest.mark.parametrize("text", ["A. x\n" * 800_000, "Which?\nA. x\nB. y\n" + "C.\n" * 800_000])
def test_a_request_of_very_many_lines_is_read_at_once(text: str) -> None:
    with pytest.raises(UserError):  # which took hours when lines were read again for every line
        question_in(text)


@given(st.text() | st.lists(st.sampled_from(["A. x", "B. y", "Question: z", "Answer: B", "", "{"])).map("\n".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = question_in(text)
    except UserError:
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
    api_calls = len(server.requests)
    # A frozen program needs no benchmark to be named.
    with serving(hosted[:4], tmp_path, "program", XDG_DATA_HOME=os.environ["XDG_DATA_HOME"]) as address:
        client = openai.OpenAI(base_url=address, api_key="none", max_retries=0)
        assert [model.id for model in client.models.list()] == ["program"]
        assert client.models.retrieve("program").id == "program"
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
    assert len(server.requests) == api_calls, "every vote lay in the store"


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
        for name, value in (("logprobs", True), ("top_logprobs", 3), ("best_of", 2), ("echo", True)):
            with pytest.raises(openai.BadRequestError, match="leave it out"):
                ask("Which?\nA. x\nB. y", extra_body={name: value})
        with pytest.raises(openai.BadRequestError, match="too long"):  # which a client does not repeat
            ask("Which?\nA. x\nB. y")
        server.reply = lambda asked: Reply("overloaded", status=500)
        with pytest.raises(openai.InternalServerError, match="overloaded"):
            ask("What?\nA. x\nB. y")
        for body in (b"{", b"[]", b'{"messages": 3}', b"{}"):
            assert httpx.post(f"{address}/chat/completions", content=body).status_code == 400
        for header in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "http://["}):
            assert httpx.get(f"{address}/models", headers=header).status_code == 403
        for method, path in (("GET", "/nothing"), ("GET", "/chat/completions"), ("POST", "/models")):
            answer = httpx.request(method, f"{address}{path}")
            assert answer.status_code in (404, 405)
            assert answer.json()["error"]["type"] == "invalid_request_error"
        assert httpx.post(f"{address}/completions", content=b"x" * (2**22 + 1)).status_code == 413


def test_the_reasoning_that_is_told_names_the_options_as_they_were_asked(
    server: ModelServer, hosted: tuple[str, ...], tmp_path: Path
) -> None:
    options = {"A": "marasmus", "B": "beriberi", "C": "scurvy"}

    def reasons(asked: Any) -> Reply:
        shown = dict(line.split(". ", 1) for line in asked.question.splitlines() if line[1:3] == ". ")
        (letter,) = (letter for letter, text in shown.items() if text == "scurvy")
        if letter == "C":  # where it was asked first, it is wrong
            return Reply("It is a guess.\n\nThe answer is A.")
        return Reply(f"Bleeding gums speak for option {letter}.\n\nThe answer is {letter}. scurvy")

    server.reply = reasons
    command = ("ensemble", "--member", "cot", "--votes", 5, "--shuffle", "--all-votes")
    with serving(hosted, tmp_path, *command, XDG_DATA_HOME=str(tmp_path / "d")) as address:
        client = openai.OpenAI(base_url=address, api_key="none", max_retries=0)
        for number in range(4):
            text = f"Case {number}: what is it?\n" + "\n".join(f"{letter}. {each}" for letter, each in options.items())
            messages: Any = [{"role": "user", "content": text}]
            said = client.chat.completions.create(model="ensemble", messages=messages)
            assert said.choices[0].message.content == "Bleeding gums speak for option C.\n\nAnswer: C"
    assert len({asked.question for asked in server.requests}) > 4


def test_a_cluster_is_none_of_a_servers_business(hosted: tuple[str, ...], openmedlm: Callable[..., Any]) -> None:
    ended = openmedlm("serve", "zero-shot", *hosted, "--engine", "ray")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "--engine" in ended.err


def test_only_the_letter_and_only_with_the_key(server: ModelServer, hosted: tuple[str, ...], tmp_path: Path) -> None:
    server.reply = lambda asked: Reply("So it is.\n\nAnswer: B")
    env = {"XDG_DATA_HOME": str(tmp_path / "d"), "OPENMEDLM_SERVE_KEY": "a-secret"}
    with serving(hosted, tmp_path, "cot", "--letter-only", **env) as address:
        with pytest.raises(openai.AuthenticationError):
            openai.OpenAI(base_url=address, api_key="another", max_retries=0).models.list()
        for given, status in (
            (b"bearer a-secret", 200),
            (b"Bearer \xc3\xa9", 401),
            (b"a-secret", 401),
            (b"Basic a-secret", 401),
        ):
            assert httpx.get(f"{address}/models", headers={b"Authorization": given}).status_code == status
        client = openai.OpenAI(base_url=address, api_key="a-secret", max_retries=0)
        messages: Any = [{"role": "user", "content": "Which?\nA. x\nB. y"}]
        said = client.chat.completions.create(model="m", messages=messages)
        assert said.choices[0].message.content == "B"
        assert server.requests[0].authorization is None
