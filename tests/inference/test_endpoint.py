import pytest

from openmedlm.data import UserError
from openmedlm.inference import connect, find_endpoint
from openmedlm.inference.providers import LITELLM_PROVIDERS

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
def test_openai_compatible_providers_are_called_directly(
    model: str, name: str, constraint: str, chat: bool, free: bool
) -> None:
    endpoint = find_endpoint(model, BASE)
    assert endpoint.direct
    assert (endpoint.served_name, endpoint.base_url) == (name, BASE)
    assert (endpoint.model, endpoint.identity) == (model, f"{model} at {BASE}")
    assert (endpoint.constraint, endpoint.chat, endpoint.free) == (constraint, chat, free)


@pytest.mark.parametrize(
    ("model", "api_base", "fields"),
    [
        ("hosted_vllm/qwen", BASE, "chat_template"),
        ("openai/qwen", BASE, "both"),
        ("lm_studio/qwen", BASE, "both"),
        ("openai/qwen", "http://127.0.0.1:11434/v1", "effort"),
        ("openai/gpt-x", "https://api.openai.com/v1", "effort"),
        ("azure/gpt-x", "https://mine.openai.azure.com", "effort"),
        ("openai/gpt-oss", "https://api.groq.com/openai/v1", "effort"),
        ("openai/qwen", "https://openrouter.ai/api/v1", "effort"),
        ("ollama_chat/qwen", None, "effort"),
    ],
)
def test_thinking_fields_follow_the_kind_of_server(model: str, api_base: str | None, fields: str) -> None:
    assert find_endpoint(model, api_base).thinking_fields == fields


@pytest.mark.parametrize(
    ("model", "api_base"), [("ollama_chat/qwen", None), ("ollama_chat/qwen", BASE), ("openai/gpt-x", None)]
)
def test_other_providers_go_through_litellm(model: str, api_base: str | None) -> None:
    endpoint = find_endpoint(model, api_base)
    assert not endpoint.direct
    assert (endpoint.served_name, endpoint.base_url, endpoint.constraint) == (model, api_base, None)


@pytest.mark.parametrize(
    "model", ["small", "meta-llama/Llama-3-8B", "mistralai/Mistral-7B", "qwen2.5:7b", "/models/llama", "Qwen/Qwen3-8B"]
)
def test_bare_name_is_the_served_name(model: str) -> None:
    endpoint = find_endpoint(model, BASE)
    assert (endpoint.direct, endpoint.served_name, endpoint.model) == (True, model, model)
    assert (endpoint.constraint, endpoint.chat, endpoint.several) == ("json_schema", True, True)
    assert endpoint.key_variable == "OPENAI_API_KEY"


@pytest.mark.parametrize("model", ["mistral/small", "ollama_chat/qwen", "anthropic/x", "together_ai/meta-llama/x"])
def test_provider_of_litellm_is_no_served_name(model: str) -> None:
    assert not find_endpoint(model, BASE).direct


def test_providers_are_those_of_litellm() -> None:
    from litellm.types.utils import LlmProviders

    assert {provider.value for provider in LlmProviders} <= LITELLM_PROVIDERS


def test_address_with_and_without_version_is_one_identity() -> None:
    bases = ("http://127.0.0.1:8000", "http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1", f"{BASE}/chat/completions")
    assert {find_endpoint("openai/m", base).identity for base in bases} == {f"openai/m at {BASE}"}
    assert (
        find_endpoint("openai/m", "http://127.0.0.1:8000/openai").identity == "openai/m at http://127.0.0.1:8000/openai"
    )


def test_key_comes_from_argument_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED_VLLM_API_KEY", "from-the-environment")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert find_endpoint("hosted_vllm/x", BASE).api_key == "from-the-environment"
    assert find_endpoint("hosted_vllm/x", BASE, "given").api_key == "given"
    assert find_endpoint("openai/x", BASE).api_key is None


def test_repr_of_an_endpoint_hides_the_key() -> None:
    assert "a-secret-key" not in repr(find_endpoint("openai/x", BASE, "a-secret-key"))


@pytest.mark.parametrize(
    ("model", "api_base", "message"),
    [
        ("gpt-x", None, r'no provider in the model "gpt-x".*hosted_vllm/gpt-x with --api-base'),
        ("openai/", BASE, "no model name"),
        ("two words", BASE, "without spaces"),
        ("meta-llama/two words", BASE, "without spaces"),
        ("", None, "no model name"),
        ("hosted_vllm/x", None, r"hosted_vllm/x.*--api-base http://"),
        ("hosted_vllm/x", "127.0.0.1:8000/v1", "--api-base"),
        ("ollama_chat/x", "localhost", "--api-base"),
        ("openai/x", "http://user:secret@127.0.0.1/v1", "--api-base"),
        ("openai/x", "http://127.0.0.1/v1?key=secret", "--api-base"),
    ],
)
def test_find_endpoint_rejects_bad_models_and_addresses(model: str, api_base: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        find_endpoint(model, api_base)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_connect_returns_a_hosted_endpoint_unchanged() -> None:
    endpoint = find_endpoint("hosted_vllm/x", BASE)
    with connect(endpoint) as connected:
        assert connected is endpoint


def test_identity_includes_the_address_or_the_model_id() -> None:
    one, two = (find_endpoint("openai/default", f"http://127.0.0.1:{port}/v1") for port in (1, 2))
    assert one.identity != two.identity
    named = [find_endpoint("openai/default", f"http://127.0.0.1:{port}/v1", model_id="llama") for port in (1, 2)]
    assert named[0].identity == named[1].identity == "llama"


@pytest.mark.parametrize("api_base", [None, BASE])
def test_text_completion_provider_takes_text_prompts(api_base: str | None) -> None:
    endpoint = find_endpoint("text-completion-openai/base", api_base)
    assert (endpoint.chat, endpoint.text) == (False, True)
    assert not find_endpoint("ollama_chat/x").text
