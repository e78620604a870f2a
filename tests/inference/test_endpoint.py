import pytest

from openmedlm.data import UserError
from openmedlm.inference import connect, find_endpoint

BASE = "http://127.0.0.1:8000/v1"


@pytest.mark.parametrize(
    ("model", "name", "constraint", "chat", "free"),
    [
        ("hosted_vllm/01-ai/Yi-34B", "01-ai/Yi-34B", "structured_outputs", True, True),
        ("openai/gpt-x", "gpt-x", "json_schema", True, False),
        ("text-completion-openai/base", "base", "json_schema", False, False),
        ("lm_studio/qwen", "qwen", "json_schema", True, True),
        ("llamafile/qwen", "qwen", "json_schema", True, True),
    ],
)
def test_openai_compatible_providers_are_spoken_to_directly(
    model: str, name: str, constraint: str, chat: bool, free: bool
) -> None:
    endpoint = find_endpoint(model, BASE)
    assert endpoint.direct
    assert (endpoint.served_name, endpoint.base_url) == (name, BASE)
    assert (endpoint.model, endpoint.identity) == (model, f"{model} at {BASE}")
    assert (endpoint.constraint, endpoint.chat, endpoint.free) == (constraint, chat, free)


@pytest.mark.parametrize(
    ("model", "api_base"), [("ollama_chat/qwen", None), ("ollama_chat/qwen", BASE), ("openai/gpt-x", None)]
)
def test_the_others_go_through_litellm_under_their_whole_name(model: str, api_base: str | None) -> None:
    endpoint = find_endpoint(model, api_base)
    assert not endpoint.direct
    assert (endpoint.served_name, endpoint.base_url, endpoint.constraint) == (model, api_base, None)


def test_the_key_comes_from_the_option_or_the_providers_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED_VLLM_API_KEY", "from-the-environment")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert find_endpoint("hosted_vllm/x", BASE).api_key == "from-the-environment"
    assert find_endpoint("hosted_vllm/x", BASE, "given").api_key == "given"
    assert find_endpoint("openai/x", BASE).api_key is None


def test_a_key_is_never_shown() -> None:
    assert "a-secret-key" not in repr(find_endpoint("openai/x", BASE, "a-secret-key"))


@pytest.mark.parametrize(
    ("model", "api_base", "mend"),
    [
        ("gpt-x", None, r'"gpt-x" names no provider; write hosted_vllm/gpt-x with --api-base'),
        ("openai/", BASE, "names no model"),
        ("", None, "names no model"),
        ("hosted_vllm/x", None, r"hosted_vllm/x needs --api-base, such as --api-base http://"),
        ("hosted_vllm/x", "127.0.0.1:8000/v1", r"--api-base: .*http"),
        ("ollama_chat/x", "localhost", "--api-base"),
        ("openai/x", "http://user:secret@127.0.0.1/v1", "password"),
        ("openai/x", "http://127.0.0.1/v1?key=secret", "password or a query"),
    ],
)
def test_what_cannot_be_reached_is_one_clear_line(model: str, api_base: str | None, mend: str) -> None:
    with pytest.raises(UserError, match=mend) as caught:
        find_endpoint(model, api_base)
    assert "\n" not in str(caught.value)


def test_an_endpoint_of_the_users_own_is_connected_to_as_it_is() -> None:
    endpoint = find_endpoint("hosted_vllm/x", BASE)
    with connect(endpoint) as connected:
        assert connected is endpoint


def test_two_servers_of_one_model_name_are_told_apart_unless_they_are_named_alike() -> None:
    one, two = (find_endpoint("openai/default", f"http://127.0.0.1:{port}/v1") for port in (1, 2))
    assert one.identity != two.identity
    named = [find_endpoint("openai/default", f"http://127.0.0.1:{port}/v1", model_id="llama") for port in (1, 2)]
    assert named[0].identity == named[1].identity == "llama"


@pytest.mark.parametrize("api_base", [None, BASE])
def test_a_completion_provider_is_given_completion_prompts(api_base: str | None) -> None:
    endpoint = find_endpoint("text-completion-openai/base", api_base)
    assert (endpoint.chat, endpoint.text) == (False, True)
    assert not find_endpoint("ollama_chat/x").text
