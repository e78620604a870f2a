"""Program served as a model: a stock OpenAI client gets the answers of `evaluate`."""

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
from openmedlm.serving.request_body import request_text
from openmedlm.serving.request_parser import parse_question

BENCHMARKS = ("medqa", "medmcqa", "pubmedqa", "mmlu")


@contextlib.contextmanager
def serving(hosted: tuple[str, ...], folder: Path, *command: object, **env: str) -> Iterator[str]:
    """Start `serve` in a process and yield its address."""
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
        output = ""
        while not output.endswith("}\n"):
            line = process.stdout.readline()
            assert line, process.communicate()
            output += line
        yield orjson.loads(output)["base_url"]
    finally:
        process.terminate()
        process.communicate(timeout=120)


def render(question: Question) -> str:
    """Return a question as an evaluation harness writes it."""
    options = "\n".join(f"{letter}. {text}" for letter, text in question.options.items())
    return f"{question.question}\n{options}\nAnswer:"


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_parser_recovers_questions_of_our_templates(benchmark: str, template: Any) -> None:
    from openmedlm.programs.exemplar import Exemplar
    from openmedlm.programs.signature import MultipleChoiceQA

    pool = load_split(benchmark, "pool", "sample")
    for question in load_split(benchmark, "dev", "sample"):
        for shown in ((), tuple(Exemplar(each) for each in pool[:3])):
            for reasoning in (False, True):
                prompt = template.render(MultipleChoiceQA.instructions, shown, question, reasoning=reasoning)
                text = prompt if isinstance(prompt, str) else request_text({"messages": list(prompt)})
                parsed = parse_question(text)
                assert (parsed.question, parsed.options) == (question.question.strip(), question.options)
                assert "\n".join(parsed.context) == "\n".join(question.context)


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
def test_parser_reads_questions_of_evaluation_harnesses(text: str, stem: str, options: dict[str, str]) -> None:
    parsed = parse_question(text)
    assert (parsed.question, parsed.options) == (stem, options)


def test_duplicate_option_letter_is_refused() -> None:
    with pytest.raises(UserError, match="duplicate option C"):
        parse_question("Which?\nA. w\nB. two of\nC. difficile\nC. three")


@pytest.mark.parametrize("options", ["A. w\nB. x\nC.y\nD. z", "A. w\nB. x\nD. y\nE. z", "A. w\nB. x\nC.\nD. z"])
def test_unparsable_option_is_refused_not_dropped(options: str) -> None:
    with pytest.raises(UserError, match="option C"):
        parse_question(f"Which?\n{options}\nAnswer:")


@pytest.mark.parametrize("text", ["A. x\n" * 800_000, "Which?\nA. x\nB. y\n" + "C.\n" * 800_000])
def test_request_of_a_million_lines_is_parsed_in_linear_time(text: str) -> None:
    with pytest.raises(UserError):  # a quadratic parser takes hours
        parse_question(text)


@given(st.text() | st.lists(st.sampled_from(["A. x", "B. y", "Question: z", "Answer: B", "", "{"])).map("\n".join))
def test_parser_returns_two_options_or_raises_on_any_text(text: str) -> None:
    try:
        parsed = parse_question(text)
    except UserError:
        return
    assert len(parsed.options) > 1


def test_stock_client_gets_the_answers_of_evaluate(
    openmedlm: Callable[..., Any], server: ModelServer, hosted: tuple[str, ...], tmp_path: Path
) -> None:
    server.reply = Student(load_split("mmlu", "dev", "sample"))
    compiled = openmedlm(
        "compile", "-s", "ensemble", "--member", "few-shot-cot", "--votes", 3, *hosted, "-o", "program"
    )
    assert compiled.code == 0, compiled.err
    assert openmedlm("evaluate", "program", *hosted, "-o", "run").code == 0
    answers = {row["question_id"]: row["answer"] for row in pq.read_table("run/outcomes.parquet").to_pylist()}
    api_calls = len(server.requests)
    # A frozen program needs no --benchmark.
    with serving(hosted[:4], tmp_path, "program", XDG_DATA_HOME=os.environ["XDG_DATA_HOME"]) as address:
        client = openai.OpenAI(base_url=address, api_key="none", max_retries=0)
        assert [model.id for model in client.models.list()] == ["program"]
        assert client.models.retrieve("program").id == "program"
        for question in load_split("mmlu", "dev", "sample"):
            messages: Any = [{"role": "user", "content": render(question)}]
            reply = client.chat.completions.create(model="program", messages=messages)
            content = reply.choices[0].message.content or ""
            assert content.endswith(f"\n\nAnswer: {answers[question.id]}")
            assert reply.usage is not None
            assert reply.usage.completion_tokens > 0
            chunks = client.chat.completions.create(model="program", messages=messages, stream=True)
            assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == content
            completion = client.completions.create(model="program", prompt=render(question))
            assert completion.choices[0].text == content
    assert len(server.requests) == api_calls, "every vote is cached"


def test_invalid_request_is_400_and_endpoint_failure_is_502(
    server: ModelServer, hosted: tuple[str, ...], tmp_path: Path
) -> None:
    server.reply = lambda asked: Reply(raw=b'{"error": {"message": "too long"}}', status=400)
    with serving(hosted, tmp_path, "zero-shot", XDG_DATA_HOME=str(tmp_path / "d")) as address:
        client = openai.OpenAI(base_url=address, api_key="none", max_retries=0)

        def ask(content: Any, **more: Any) -> None:
            messages: Any = [{"role": "user", "content": content}]
            client.chat.completions.create(model="zero-shot", messages=messages, **more)

        for content in ("Hello.", "Which?\nA. x", [{"type": "image_url", "image_url": {"url": "x"}}], ""):
            with pytest.raises(openai.BadRequestError):
                ask(content)
        with pytest.raises(openai.BadRequestError, match="too long"):  # clients do not retry a 400
            ask("Which?\nA. x\nB. y")
        server.reply = lambda asked: Reply("overloaded", status=500)
        with pytest.raises(openai.InternalServerError, match="overloaded"):
            ask("What?\nA. x\nB. y")
        record = rb'{"messages": [{"role": "user", "content": "{\"question\": \"\\ud83d\", \"x\": 1%s}"}]}' % (
            b"0" * 30
        )
        for body in (b"{", b"[]", b'{"messages": 3}', b"{}", b"\xff", b"[" * 100_000, b'{"n": 2}', record):
            assert httpx.post(f"{address}/chat/completions", content=body).status_code == 400
        for header in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "http://["}):
            assert httpx.get(f"{address}/models", headers=header).status_code == 403
        for method, path in (("GET", "/nothing"), ("GET", "/chat/completions"), ("POST", "/models")):
            response = httpx.request(method, f"{address}{path}")
            assert response.status_code in (404, 405)
            assert response.json()["error"]["type"] == "invalid_request_error"
        assert httpx.post(f"{address}/completions", content=b"x" * (2**22 + 1)).status_code == 413


TOOL: Any = {"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {}}}}
UNSUPPORTED = {
    "n": 2,
    "best_of": 2,
    "echo": True,
    "logprobs": True,
    "top_logprobs": 3,
    "logit_bias": {"11": -100},
    "tools": [TOOL],
    "tool_choice": "required",
    "functions": [TOOL["function"]],
    "function_call": {"name": "search"},
    "response_format": {"type": "json_object"},
    "modalities": ["text", "audio"],
    "audio": {"voice": "alloy", "format": "wav"},
    "guided_choice": ["A", "B"],
}
IGNORED = {
    "n": [None, 1],
    "logprobs": [None, False],
    "tools": [None, []],
    "tool_choice": [None, "none", "auto"],
    "functions": [[]],
    "function_call": ["none"],
    "response_format": [None, {}, {"type": "text"}],
    "logit_bias": [{}],
    "temperature": [0.0],
    "stop": [["\n"]],
    "seed": [1],
    "max_tokens": [1],
    "stream_options": [None, {}],
    "user": ["x"],
}


def test_stock_client_gets_the_errors_of_openai(server: ModelServer, hosted: tuple[str, ...], tmp_path: Path) -> None:
    server.reply = lambda asked: Reply("B")
    messages: Any = [{"role": "user", "content": "Which?\nA. x\nB. y"}]
    with serving(hosted, tmp_path, "zero-shot", XDG_DATA_HOME=str(tmp_path / "d")) as address:
        client = openai.OpenAI(base_url=address, api_key="none", max_retries=0)

        def ask(**more: Any) -> Any:
            model = more.pop("model", "zero-shot")
            return client.chat.completions.create(model=model, messages=messages, extra_body=more)

        for name, value in UNSUPPORTED.items():
            for stream in (False, True):
                with pytest.raises(openai.BadRequestError, match=f"parameter: {name}") as refused:
                    ask(stream=stream, **{name: value})
                assert (refused.value.param, refused.value.code) == (name, "unsupported_parameter")
                assert refused.value.type == "invalid_request_error"
        with pytest.raises(openai.BadRequestError, match="parameter: tools"):
            client.chat.completions.create(
                model="zero-shot", messages=[{"role": "user", "content": "Hi"}], tools=[TOOL]
            )
        assert not server.requests
        for name, values in IGNORED.items():
            for value in values:
                assert ask(**{name: value}).choices[0].message.content == "B"
        for model in ("gpt-4o", "Zero-shot", "zero-shot2"):
            with pytest.raises(openai.NotFoundError, match="zero-shot") as unknown:
                ask(model=model)
            assert (unknown.value.param, unknown.value.code) == ("model", "model_not_found")
            with pytest.raises(openai.NotFoundError):
                client.completions.create(model=model, prompt="Which?\nA. x\nB. y")
            with pytest.raises(openai.NotFoundError):
                client.models.retrieve(model)
        twice = b'{"messages": [], "messages": [{"role": "user", "content": "Which?\\nA. x\\nB. y"}]}'
        response = httpx.post(f"{address}/chat/completions", content=twice)
        assert (response.status_code, "messages" in response.json()["error"]["message"]) == (400, True)


def test_stream_has_usage_only_on_request(server: ModelServer, hosted: tuple[str, ...], tmp_path: Path) -> None:
    server.reply = lambda asked: Reply("B")
    messages: Any = [{"role": "user", "content": "Which?\nA. x\nB. y"}]
    with serving(hosted, tmp_path, "zero-shot", XDG_DATA_HOME=str(tmp_path / "d")) as address:
        client = openai.OpenAI(base_url=address, api_key="none", max_retries=0)
        create = client.chat.completions.create
        usage = create(model="zero-shot", messages=messages).usage
        for options in ({"include_usage": True}, {"include_usage": False}, None):
            requested: Any = options
            chunks = list(create(model="zero-shot", messages=messages, stream=True, stream_options=requested))
            choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
            assert "".join(choice.delta.content or "" for choice in choices) == "B"
            assert [choice.finish_reason for choice in choices] == [None, "stop"]
            used = [chunk.usage for chunk in chunks if chunk.usage is not None]
            assert used == ([usage] if options == {"include_usage": True} else [])
            assert not used or not chunks[-1].choices
        texts = list(
            client.completions.create(
                model="zero-shot",
                prompt="Which?\nA. x\nB. y",
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        assert "".join(chunk.choices[0].text for chunk in texts if chunk.choices) == "B"
        assert texts[-1].usage == usage


def test_reply_of_one_line_is_the_letter(server: ModelServer, hosted: tuple[str, ...], tmp_path: Path) -> None:
    server.reply = lambda asked: Reply("So it is.\n\nAnswer: B")
    with serving(hosted, tmp_path, "cot", XDG_DATA_HOME=str(tmp_path / "d")) as address:
        client = openai.OpenAI(base_url=address, api_key="none", max_retries=0)
        messages: Any = [
            {"role": "user", "content": "Which?\nA. x\nB. y"},
            {"role": "assistant", "content": "The best answer is"},
        ]
        reply = client.chat.completions.create(model="cot", messages=messages)
        assert reply.choices[0].message.content == "B"
        for stop in ("\n", ["</s>", "\n"]):
            reply = client.chat.completions.create(model="cot", messages=messages[:1], stop=stop)
            assert reply.choices[0].message.content == "B"
        reply = client.chat.completions.create(model="cot", messages=messages[:1], stop=["</s>"])
        assert reply.choices[0].message.content == "So it is.\n\nAnswer: B"


def test_served_reasoning_uses_the_letters_of_the_request(
    server: ModelServer, hosted: tuple[str, ...], tmp_path: Path
) -> None:
    options = {"A": "marasmus", "B": "beriberi", "C": "scurvy"}

    def reasons(asked: Any) -> Reply:
        shown = dict(line.split(". ", 1) for line in asked.question.splitlines() if line[1:3] == ". ")
        (letter,) = (letter for letter, text in shown.items() if text == "scurvy")
        if letter == "C":  # wrong when the options are in their own order
            return Reply("It is a guess.\n\nThe answer is A.")
        return Reply(f"Bleeding gums speak for option {letter}.\n\nThe answer is {letter}. scurvy")

    server.reply = reasons
    command = ("ensemble", "--member", "cot", "--votes", 5, "--shuffle", "--all-votes")
    with serving(hosted, tmp_path, *command, XDG_DATA_HOME=str(tmp_path / "d")) as address:
        client = openai.OpenAI(base_url=address, api_key="none", max_retries=0)
        for number in range(4):
            text = f"Case {number}: what is it?\n" + "\n".join(f"{letter}. {each}" for letter, each in options.items())
            messages: Any = [{"role": "user", "content": text}]
            reply = client.chat.completions.create(model="ensemble", messages=messages)
            assert reply.choices[0].message.content == "Bleeding gums speak for option C.\n\nAnswer: C"
    assert len({asked.question for asked in server.requests}) > 4


def test_serve_refuses_the_ray_engine(hosted: tuple[str, ...], openmedlm: Callable[..., Any]) -> None:
    ended = openmedlm("serve", "zero-shot", *hosted, "--engine", "ray")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "--engine" in ended.err


def test_serve_letter_only_requires_the_key(server: ModelServer, hosted: tuple[str, ...], tmp_path: Path) -> None:
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
        reply = client.chat.completions.create(model="cot", messages=messages)
        assert reply.choices[0].message.content == "B"
        assert server.requests[0].authorization is None
