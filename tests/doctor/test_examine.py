"""Checks find the abilities of fake servers."""

import asyncio
from dataclasses import replace

import pytest
from able_server import Abilities, AbleServer
from model_server import ModelServer, Reply

from openmedlm.doctor import Examination, examine
from openmedlm.inference import Endpoint, find_endpoint
from openmedlm.programs import TEMPLATES

VLLM = Abilities()
TAGS = Abilities(thoughts="tags", off="chat_template_kwargs")
FIELD = Abilities(thoughts="field", off="reasoning_effort")
BARE = Abilities(
    system="refused",
    refused=frozenset({"seed", "n", "top_k"}),
    ignored=frozenset({"logprobs", "stop", "min_p"}),
    binding=frozenset(),
    list_status=403,
    usage=False,
    context=None,
)


def examined(abilities: Abilities, model: str = "hosted_vllm/small", template: str = "", **options: str) -> Examination:
    with AbleServer(abilities) as server:
        base = server.base_url.removesuffix(options.pop("without", ""))
        endpoint = find_endpoint(model, base, **options)
        chosen = TEMPLATES.get(template)
        examination = asyncio.run(examine(endpoint, timeout=10, nonce="n", template=chosen))
        assert len(server.requests) <= 40
    return examination


def statuses(examination: Examination) -> dict[str, str]:
    return {name: finding.status for name, finding in examination.findings.items()}


def options(examination: Examination) -> list[str]:
    """Return the arguments of the command after the address."""
    command = list(examination.command)
    return command[command.index("--api-base") + 2 :] if "--api-base" in command else command


@pytest.mark.parametrize(
    ("abilities", "expected"),
    [
        (
            VLLM,
            {
                "reachable": "yes",
                "key": "yes",
                "model": "yes",
                "chat": "yes",
                "completions": "yes",
                "parameters": "yes",
                "system role": "yes",
                "exemplar turns": "yes",
                "thinking": "no",
                "thinking off": "unknown",
                "thinking levels": "unknown",
                "temperature": "yes",
                "seed": "yes",
                "n": "yes",
                "top_k": "yes",
                "min_p": "yes",
                "stop": "yes",
                "logprobs": "yes",
                "structured_outputs": "yes",
                "json_schema": "ignored",
                "grammar": "ignored",
                "letter after thoughts": "unknown",
                "continued answer": "yes",
                "usage": "yes",
                "prefix cache": "yes",
                "context length": "yes",
                "rate limit": "unknown",
                "speed": "yes",
            },
        ),
        (
            BARE,
            {
                "reachable": "yes",
                "key": "yes",
                "model": "yes",
                "parameters": "no",
                "system role": "no",
                "exemplar turns": "yes",
                "temperature": "yes",
                "seed": "no",
                "n": "no",
                "top_k": "no",
                "min_p": "ignored",
                "stop": "ignored",
                "logprobs": "ignored",
                "structured_outputs": "ignored",
                "usage": "no",
                "prefix cache": "unknown",
                "context length": "unknown",
            },
        ),
        (
            TAGS,
            {
                "thinking": "yes",
                "thinking off": "yes",
                "thinking levels": "yes",
                "temperature": "yes",
                "structured_outputs": "yes",
                "letter after thoughts": "yes",
            },
        ),
        (
            FIELD,
            {"thinking": "yes", "thinking off": "yes", "thinking levels": "yes", "letter after thoughts": "yes"},
        ),
        (replace(TAGS, ignored=frozenset({"reasoning_effort"})), {"thinking levels": "ignored"}),
        (replace(TAGS, off=None), {"thinking": "yes", "thinking off": "ignored"}),
        (replace(TAGS, refused=frozenset({"chat_template_kwargs", "reasoning_effort"})), {"thinking off": "no"}),
        (replace(TAGS, thought_words=20), {"thinking": "yes", "thinking off": "yes"}),
        (replace(TAGS, thought_words=9000), {"thinking": "yes", "thinking off": "yes", "thinking levels": "unknown"}),
        (replace(VLLM, ignored=frozenset({"temperature"})), {"temperature": "ignored", "seed": "unknown"}),
        (replace(VLLM, ignored=frozenset({"seed"})), {"temperature": "yes", "seed": "ignored"}),
        (replace(VLLM, ignored=frozenset({"n", "top_k"})), {"n": "ignored", "top_k": "ignored", "min_p": "yes"}),
        (replace(VLLM, system="dropped"), {"system role": "ignored"}),
        (replace(VLLM, turns=False), {"exemplar turns": "no", "continued answer": "no"}),
        (replace(VLLM, refused=frozenset({"temperature"})), {"parameters": "no", "temperature": "no"}),
        (replace(VLLM, binding=frozenset({"json_schema"})), {"json_schema": "yes", "structured_outputs": "ignored"}),
        (replace(VLLM, binding=frozenset({"grammar"})), {"grammar": "yes", "structured_outputs": "ignored"}),
        (replace(VLLM, cached=False), {"prefix cache": "unknown", "usage": "yes"}),
        (replace(VLLM, text=False), {"chat": "yes", "completions": "no"}),
        (replace(VLLM, limited=True), {"reachable": "yes", "rate limit": "yes"}),
        (replace(VLLM, list_status=500), {"model": "yes", "context length": "unknown"}),
    ],
)
def test_checks_find_the_abilities_of_a_server(abilities: Abilities, expected: dict[str, str]) -> None:
    found = statuses(examined(abilities))
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("abilities", "model", "expected"),
    [
        (VLLM, "hosted_vllm/small", []),
        (VLLM, "openai/small", []),
        (
            BARE,
            "hosted_vllm/small",
            ["--omit-param", "seed", "--template", "chat-user", "--on-unparsed", "resample"],
        ),
        (BARE, "openai/small", ["--omit-param", "seed", "--template", "chat-user"]),
        (TAGS, "hosted_vllm/small", []),
        (replace(TAGS, thought_words=9000), "hosted_vllm/small", ["--thinking", "off"]),
        (
            replace(FIELD, thought_words=9000),
            "hosted_vllm/small",
            ["--extra-body", '{"reasoning_effort":"none"}'],
        ),
        (replace(VLLM, refused=frozenset({"max_tokens"})), "openai/small", ["--omit-param", "max_tokens"]),
        (replace(VLLM, chat=False), "hosted_vllm/small", ["--template", "plain"]),
        (replace(VLLM, turns=False), "hosted_vllm/small", ["--strategies", "zero-shot,cot"]),
        (replace(VLLM, system="dropped"), "hosted_vllm/small", ["--template", "chat-user"]),
        (replace(VLLM, limited=True), "hosted_vllm/small", ["--max-concurrency", "1"]),
    ],
)
def test_command_has_only_the_options_that_differ(abilities: Abilities, model: str, expected: list[str]) -> None:
    assert options(examined(abilities, model)) == expected


@pytest.mark.parametrize(
    ("abilities", "template", "expected"),
    [
        (VLLM, "plain", ["--template", "plain"]),
        (VLLM, "chat-user", ["--template", "chat-user"]),
        (replace(VLLM, refused=frozenset({"stop"})), "plain", ["--template", "plain", "--omit-param", "stop"]),
    ],
)
def test_template_of_the_user_is_kept(abilities: Abilities, template: str, expected: list[str]) -> None:
    assert options(examined(abilities, template=template)) == expected


@pytest.mark.parametrize(
    ("abilities", "options", "failing", "message"),
    [
        (Abilities(key="right"), {"api_key": "wrong"}, "key", "--api-key"),
        (Abilities(key="right"), {}, "key", "HOSTED_VLLM_API_KEY"),
        (Abilities(names=("other",)), {}, "model", "-m hosted_vllm/other"),
        (Abilities(names=("other", "another")), {}, "model", "serves other, another"),
        (Abilities(chat=False, text=False), {}, "model", "no chat template"),
        (Abilities(failing=(503, "Loading model")), {}, "model", "once the model is loaded"),
        (Abilities(failing=(402, "budget exceeded")), {}, "model", "budget"),
        (Abilities(failing=(403, "not for you")), {}, "key", "--api-key"),
        (Abilities(failing=(500, "out of order")), {}, "reachable", "out of order"),
    ],
)
def test_server_that_cannot_be_used_ends_the_checks(
    abilities: Abilities, options: dict[str, str], failing: str, message: str
) -> None:
    examination = examined(abilities, **options)
    assert not examination.usable
    assert examination.command == ()
    assert message in examination.fatal
    found = statuses(examination)
    assert found[failing] == "no"
    assert next(name for name, status in found.items() if status == "no") == failing
    assert found["speed"] == "unknown"


def test_dead_server_is_not_reachable() -> None:
    endpoint = find_endpoint("hosted_vllm/small", "http://127.0.0.1:9/v1")
    examination = asyncio.run(examine(endpoint, timeout=10, nonce="n"))
    assert statuses(examination)["reachable"] == "no"
    assert "127.0.0.1:9" in examination.fatal
    assert "is running" in examination.fatal


def test_server_that_hangs_is_not_reachable() -> None:
    with ModelServer() as server:
        server.reply = lambda _: Reply(delay=30)
        endpoint = find_endpoint("hosted_vllm/small", server.base_url)
        examination = asyncio.run(examine(endpoint, timeout=0.1, nonce="n"))
    assert statuses(examination)["reachable"] == "no"
    assert "--call-timeout" in examination.fatal


def test_response_of_another_form_fails_one_check_only() -> None:
    found = statuses(examined(Abilities(odd_logprobs=True)))
    assert (found["logprobs"], found["structured_outputs"]) == ("unknown", "yes")


def through_litellm(abilities: Abilities) -> Examination:
    with AbleServer(abilities) as server:
        name = "openai/small"
        endpoint = Endpoint(name, name, name, server.base_url, "right", direct=False, text=False)
        return asyncio.run(examine(endpoint, timeout=10, nonce="n"))


def test_provider_of_litellm_gets_fewer_checks() -> None:
    examination = through_litellm(Abilities(key="right", binding=frozenset({"json_schema"})))
    found = statuses(examination)
    yes = ("key", "model", "system role", "temperature", "seed", "stop", "logprobs", "json_schema", "prefix cache")
    assert {name: found[name] for name in yes} == dict.fromkeys(yes, "yes")
    assert {found[name] for name in ("n", "completions", "grammar", "continued answer")} == {"unknown"}
    assert "--template" not in examination.command


def test_wrong_key_through_litellm_ends_the_checks() -> None:
    examination = through_litellm(Abilities(key="another"))
    assert statuses(examination)["key"] == "no"
    assert "--api-key" in examination.fatal


def test_right_key_is_accepted() -> None:
    found = examined(Abilities(key="right"), api_key="right").findings["key"]
    assert (found.status, found.text) == ("yes", "accepted")


def test_address_without_version_gets_one() -> None:
    examination = examined(VLLM, without="/v1")
    assert "/v1 added" in examination.findings["reachable"].text
    assert str(examination.api_base).endswith("/v1")


@pytest.mark.parametrize(
    ("abilities", "check", "text"),
    [
        (TAGS, "thinking", "<"),
        (FIELD, "thinking", "field reasoning_content"),
        (TAGS, "letter after thoughts", "after the thoughts"),
        (VLLM, "logprobs", "letters hold 0.95"),
        (VLLM, "context length", "4,096 tokens"),
        (replace(VLLM, refused=frozenset({"seed"})), "parameters", "seed"),
        (replace(VLLM, limited=True), "rate limit", "429"),
        (replace(VLLM, cached=False), "prefix cache", "not reported"),
    ],
)
def test_finding_names_the_evidence(abilities: Abilities, check: str, text: str) -> None:
    assert text in examined(abilities).findings[check].text
