"""Tests of the server's responses, on the smallest model."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openmedlm.local_models import CATALOGUE, ServedModel, serve

QUESTION = [{"role": "user", "content": "Which vitamin prevents scurvy? Answer in one sentence."}]
CONTEXT = 1024


@pytest.fixture(scope="module")
def endpoint(smollm: Path) -> Iterator[ServedModel]:
    with serve(CATALOGUE["smollm2-135m"], slots=1, context=CONTEXT) as endpoint:
        yield endpoint


def post(endpoint: ServedModel, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        endpoint.base_url + path,
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {endpoint.api_key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def ask(endpoint: ServedModel, **options: Any) -> dict[str, Any]:
    status, answer = post(endpoint, "/chat/completions", {"messages": QUESTION, "max_tokens": 24} | options)
    assert status == 200, answer
    return answer


def text_of(answer: dict[str, Any]) -> str:
    return str(answer["choices"][0]["message"]["content"])


def test_chat_uses_the_template_of_the_model(endpoint: ServedModel) -> None:
    answer = ask(endpoint)
    assert answer["model"] == endpoint.model == "smollm2-135m"
    assert len(text_of(answer)) > 10
    assert "<|im_" not in text_of(answer)
    _, bare = post(endpoint, "/completions", {"prompt": QUESTION[0]["content"], "max_tokens": 1})
    assert answer["usage"]["prompt_tokens"] > bare["usage"]["prompt_tokens"], "roles and markers are tokens too"


def test_text_completion_uses_no_template(endpoint: ServedModel) -> None:
    body = {"prompt": "one two three four five six seven", "max_tokens": 3, "temperature": 0.0}
    status, answer = post(endpoint, "/completions", body)
    assert status == 200
    assert "eight" in answer["choices"][0]["text"]


@pytest.mark.parametrize("letter", ["A", "D"])
def test_grammar_constrains_the_answer(endpoint: ServedModel, letter: str) -> None:
    answer = ask(endpoint, grammar=f'root ::= "{letter}"', temperature=1.0)
    assert text_of(answer) == letter
    assert answer["choices"][0]["finish_reason"] == "stop"


def test_truncated_answer_has_finish_reason_length(endpoint: ServedModel) -> None:
    assert ask(endpoint, max_tokens=2)["choices"][0]["finish_reason"] == "length"


def test_seed_fixes_a_sampled_answer(endpoint: ServedModel) -> None:
    answers = [text_of(ask(endpoint, temperature=1.0, seed=seed)) for seed in (1, 2, 3, 1)]
    assert answers[0] == answers[3]
    assert len(set(answers)) == 3


def test_logprobs_cover_every_token(endpoint: ServedModel) -> None:
    tokens = ask(endpoint, max_tokens=3, logprobs=True, top_logprobs=2)["choices"][0]["logprobs"]["content"]
    assert len(tokens) == 3
    assert all(token["logprob"] <= 0.0 and len(token["top_logprobs"]) == 2 for token in tokens)


def cached_tokens(endpoint: ServedModel, text: str) -> int:
    usage = ask(endpoint, messages=[{"role": "user", "content": text}], max_tokens=1)["usage"]
    assert usage["prompt_tokens"] > 200, "cached tokens count, too"
    return int(usage["prompt_tokens_details"]["cached_tokens"])


def test_prefix_is_cached_across_prompts(endpoint: ServedModel) -> None:
    enzymes, nerves = (
        " ".join(f"Fact {n}: {thing} {n} meets {thing} {n + 1}." for n in range(20)) for thing in ("enzyme", "nerve")
    )
    assert cached_tokens(endpoint, f"{enzymes} Name the first.") < 50
    assert cached_tokens(endpoint, f"{enzymes} Name the second.") > 200
    assert cached_tokens(endpoint, f"{nerves} Name the first.") < 50
    assert cached_tokens(endpoint, f"{enzymes} Name the third.") > 200, "another prefix came between"


def test_too_long_prompt_has_its_own_error_type(endpoint: ServedModel) -> None:
    body = {"messages": [{"role": "user", "content": "word " * (CONTEXT + 100)}]}
    status, answer = post(endpoint, "/chat/completions", body)
    assert status == 400
    assert answer["error"]["type"] == "exceed_context_size_error"
    assert answer["error"]["n_ctx"] == CONTEXT
    assert answer["error"]["n_prompt_tokens"] > CONTEXT
