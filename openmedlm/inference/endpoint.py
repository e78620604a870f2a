"""Endpoints, and how a model string names one."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from openmedlm.data import UserError
from openmedlm.inference.providers import LITELLM_PROVIDERS
from openmedlm.programs.thinking_fields import ThinkingFields
from openmedlm.utils.urls import plain_address

Constraint = Literal["grammar", "structured_outputs", "json_schema"]

_OPENAI_COMPATIBLE = {
    "openai": "OPENAI_API_KEY",
    "text-completion-openai": "OPENAI_API_KEY",
    "custom_openai": "OPENAI_API_KEY",
    "hosted_vllm": "HOSTED_VLLM_API_KEY",
    "lm_studio": "LM_STUDIO_API_KEY",
    "llamafile": "LLAMAFILE_API_KEY",
}

OLLAMA_PORT = 11434
"""Default port of Ollama, whose `/v1` takes `reasoning_effort`."""

_EFFORT_HOSTS = ("api.openai.com", ".azure.com", "api.groq.com", "openrouter.ai", "api.x.ai")
"""Hosts that refuse `chat_template_kwargs`."""

_PROVIDERS = {"local", *_OPENAI_COMPATIBLE, *LITELLM_PROVIDERS}

_OWN_SERVERS = ("hosted_vllm", "lm_studio", "llamafile")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Address and capabilities of the server of a model.

    Attributes:
        model: Model string of the user, which names the model in files.
        identity: Name of the model in the completion cache; for embedded models with the sha256 of the weights.
        served_name: Name of the model in requests.
        base_url: Address of an OpenAI-compatible endpoint, including `/v1`; None if litellm chooses it.
        replicas: Addresses of all endpoints that serve the model, `base_url` first; empty for a single endpoint.
        api_key: Bearer token, never shown.
        constraint: Way to constrain the endpoint to option letters; None if none is known.
        chat: Whether the model has a chat template.
        free: Whether calls are free of charge.
        embedded: Whether openmedlm serves the model itself.
        direct: Whether calls go to `base_url` directly, not through litellm.
        text: Whether the endpoint accepts completion prompts.
        several: Whether one request may ask for several completions.
        key_variable: Environment variable of the key.
        thinking_fields: Request fields that turn thinking on or off.
        continues: Whether the endpoint can continue the last message of a chat.
        may_think: Whether the model may think; False for embedded models that are known not to.
    """

    model: str
    identity: str
    served_name: str
    base_url: str | None
    api_key: str | None = field(default=None, repr=False)
    constraint: Constraint | None = None
    chat: bool = True
    free: bool = False
    embedded: bool = False
    direct: bool = True
    text: bool = True
    several: bool = False
    thinking_fields: ThinkingFields = "effort"
    continues: bool = False
    may_think: bool = True
    replicas: tuple[str, ...] = ()
    key_variable: str = "OPENAI_API_KEY"

    @property
    def addresses(self) -> str | None:
        """All addresses, separated by spaces."""
        return " ".join(self.replicas) or self.base_url


def find_endpoint(
    model: str,
    api_base: str | Sequence[str] | None = None,
    api_key: str | None = None,
    model_id: str | None = None,
) -> Endpoint:
    """Return the endpoint that a model string names, without starting or calling it.

    `local/NAME` and `local/PATH.gguf` are embedded models. OpenAI-compatible providers with an `api_base` are called
    directly, all others through litellm. With an `api_base`, a model string whose first part is no provider of litellm
    is the name under which an OpenAI-compatible server serves the model: `mistralai/NAME` is such a name, and
    `mistral/NAME` is a model of the provider Mistral. Write `openai/mistral/NAME` for a served name that begins with a
    provider.

    Args:
        model: Model string as litellm writes it.
        api_base: Address of the endpoint, or of all replicas that serve the model.
        api_key: Key of the endpoint; None reads the provider's environment variable.
        model_id: Name of the model in the completion cache. None takes the model string and the first address, since
            two servers may serve different models under one name. An address without a path counts as the same server
            as with `/v1`.

    Raises:
        UserError: The model string or the address is invalid.

    Example:
        >>> find_endpoint("hosted_vllm/small", "http://127.0.0.1:8000/v1").served_name
        'small'
    """
    provider, slash, name = model.partition("/")
    if provider in ("http:", "https:"):
        raise UserError("the model is an address. Pass the address with --api-base, and the model as hosted_vllm/NAME.")
    bare = bool(api_base and model.strip()) and split_provider(model)[0] == ""
    if bare and (not model.isprintable() or " " in model):
        raise UserError(f'not a model name without spaces: "{model}". Pass the name under which the server serves it.')
    if not bare and (not name or not re.fullmatch(r"[\w.-]+", provider) or not model.isprintable() or " " in name):
        raise UserError(f"{_explain(provider, slash, name, model)}. Embedded models: openmedlm models.")
    if provider == "local":
        return _embedded(model)
    bases = [api_base] if isinstance(api_base, str) else api_base or []
    addresses = list(dict.fromkeys(_plain_base(each) for each in bases if each))
    address = addresses[0] if addresses else None
    replicas = tuple(addresses) if len(addresses) > 1 else ()
    identity = model_id or (f"{model} at {_versioned(address)}" if address else model)
    text_only = provider.startswith("text-completion")
    if provider == "hosted_vllm" and address is None:
        raise UserError(
            f"no address for the model: {model}. Pass --api-base, for example --api-base http://127.0.0.1:8000/v1."
        )
    if address is not None and (bare or provider in _OPENAI_COMPATIBLE):
        variable = _OPENAI_COMPATIBLE.get(provider, "OPENAI_API_KEY")
        return Endpoint(
            model=model,
            identity=identity,
            served_name=model if bare else name,
            base_url=address,
            api_key=api_key or os.environ.get(variable),
            constraint="structured_outputs" if provider == "hosted_vllm" else "json_schema",
            chat=not text_only,
            free=provider in _OWN_SERVERS,
            several=True,
            thinking_fields=_thinking_fields(provider, address),
            continues=provider == "hosted_vllm",
            replicas=replicas,
            key_variable=variable,
        )
    return Endpoint(
        model=model,
        identity=identity,
        served_name=model,
        base_url=address,
        api_key=api_key,
        chat=not text_only,
        text=text_only,
        direct=False,
        replicas=replicas,
        key_variable=_OPENAI_COMPATIBLE.get(provider, f"{provider.upper().replace('-', '_')}_API_KEY"),
    )


def split_provider(model: str) -> tuple[str, str]:
    """Split a model string into its provider, empty for a bare name, and the name under which it is served.

    Example:
        >>> split_provider("hosted_vllm/meta-llama/Llama-3-8B"), split_provider("meta-llama/Llama-3-8B")
        (('hosted_vllm', 'meta-llama/Llama-3-8B'), ('', 'meta-llama/Llama-3-8B'))
    """
    provider, _, name = model.partition("/")
    return (provider, name) if provider in _PROVIDERS else ("", model)


@contextmanager
def connect(endpoint: Endpoint, on_download: Callable[[int, int], None] | None = None) -> Iterator[Endpoint]:
    """Return the endpoint, ready for calls while the context lasts; an embedded model is started if necessary.

    Args:
        endpoint: Endpoint from `find_endpoint`.
        on_download: Called with the downloaded bytes and the total while an embedded model's weights are downloaded.

    Example:
        >>> with connect(find_endpoint("hosted_vllm/small", "http://127.0.0.1:8000/v1")) as endpoint:
        ...     print(endpoint.base_url)
        http://127.0.0.1:8000/v1
    """
    if not endpoint.embedded:
        yield endpoint
        return
    from openmedlm.local_models import resolve, serve

    with serve(resolve(endpoint.model), progress=on_download) as server:
        yield replace(endpoint, base_url=server.base_url, api_key=server.api_key)


def _plain_base(address: str) -> str:
    """Return the base URL of an address, which may be that of the completions."""
    return re.sub(r"/(?:chat/)?completions$", "", plain_address(address, "--api-base"))


def _versioned(address: str) -> str:
    """Return the address with `/v1`, if it has no path: both are the same server, and share their cache keys."""
    return address if urlsplit(address).path else f"{address}/v1"


def _thinking_fields(provider: str, address: str) -> ThinkingFields:
    if provider == "hosted_vllm":
        return "chat_template"
    url = urlsplit(address)
    takes_effort = url.port == OLLAMA_PORT or (url.hostname or "").endswith(_EFFORT_HOSTS)
    return "effort" if takes_effort else "both"


def _explain(provider: str, slash: str, name: str, model: str) -> str:
    """Return the error of an invalid model string, and how to write it."""
    if not slash and provider.isprintable() and provider.strip():
        return (
            f'no provider in the model "{model}". Write hosted_vllm/{provider} with --api-base, '
            f"ollama_chat/{provider}, or local/NAME for an embedded model"
        )
    wrong = "no model name" if not name.strip() else "not PROVIDER/NAME without spaces"
    return (
        f'{wrong} in the model "{model}". Write hosted_vllm/NAME with --api-base, ollama_chat/NAME, or local/NAME for '
        "an embedded model"
    )


def _embedded(model: str) -> Endpoint:
    from openmedlm.local_models import resolve

    embedded = resolve(model)
    return Endpoint(
        model=model,
        identity=f"local/{embedded.name}@{embedded.sha256 or _sha256(embedded.path)}",
        served_name=embedded.name,
        base_url=None,
        constraint="grammar",
        chat=embedded.chat,
        free=True,
        embedded=True,
        thinking_fields="chat_template",
        may_think=not embedded.sha256,
    )


def _sha256(path: Path | None) -> str:
    assert path is not None, "a model without a known hash is a file of the user"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
