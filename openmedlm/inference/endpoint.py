"""From a model string to the endpoint that serves it."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from openmedlm.data import UserError
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

_OWN_SERVERS = ("hosted_vllm", "lm_studio", "llamafile")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how a model is reached.

    Attributes:
        model: the model string that the user gave; names the model in files.
        identity: names the model in the vote store; for embedded models with the sha256 of the weights.
        served_name: the model's name in requests.
        base_url: of an OpenAI-compatible endpoint, up to and with `/v1`; None where litellm finds its own way.
        replicas: addresses of all endpoints that serve the model, that one first; none where there is but one.
        api_key: sent as a bearer token; never shown.
        constraint: how the endpoint can be held to a letter; None where that is not known.
        chat: whether the model has a chat template.
        free: whether calls cost nothing but one's own machine's time.
        embedded: whether the model comes with the product and is served by it.
        direct: whether calls go straight to `base_url`, not through litellm.
        text: whether it takes completion prompts.
        several: whether it may be asked for several completions of one prompt at once.
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
    replicas: tuple[str, ...] = ()

    @property
    def where(self) -> str | None:
        """The addresses as one text."""
        return " ".join(self.replicas) or self.base_url


def find_endpoint(
    model: str,
    api_base: str | Sequence[str] | None = None,
    api_key: str | None = None,
    model_id: str | None = None,
) -> Endpoint:
    """The endpoint that a model string names; nothing is started or called.

    `local/NAME` and `local/PATH.gguf` are embedded models; with an `api_base`, the OpenAI-compatible providers are
    spoken to directly; everything else goes through litellm.

    Args:
        model: as litellm writes it.
        api_base: address of the endpoint, or of all replicas that serve the model.
        api_key: of the endpoint; None takes it from the provider's own environment variable.
        model_id: names the model in the vote store; None takes the model string and the address, the first of several,
            since two servers may serve different models under one name.

    Raises:
        UserError: the model string or the address can't be used.
    """
    provider, slash, name = model.partition("/")
    if provider in ("http:", "https:"):
        raise UserError("the model is an address; give that as --api-base, and the model as hosted_vllm/NAME")
    if not name or not re.fullmatch(r"[\w.-]+", provider) or not model.isprintable() or " " in name:
        raise UserError(f'the model "{model}" {_mend(provider, slash, name)} (see: openmedlm models)')
    if provider == "local":
        return _embedded(model)
    given = [api_base] if isinstance(api_base, str) else api_base or []
    addresses = list(dict.fromkeys(plain_address(each, "--api-base") for each in given if each))
    address = addresses[0] if addresses else None
    replicas = tuple(addresses) if len(addresses) > 1 else ()
    identity = model_id or (f"{model} at {address}" if address else model)
    text_only = provider.startswith("text-completion")
    if provider == "hosted_vllm" and address is None:
        raise UserError(f"{model} needs --api-base, such as --api-base http://127.0.0.1:8000/v1")
    if address is not None and provider in _OPENAI_COMPATIBLE:
        return Endpoint(
            model=model,
            identity=identity,
            served_name=name,
            base_url=address,
            api_key=api_key or os.environ.get(_OPENAI_COMPATIBLE[provider]),
            constraint="structured_outputs" if provider == "hosted_vllm" else "json_schema",
            chat=not text_only,
            free=provider in _OWN_SERVERS,
            several=True,
            replicas=replicas,
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
    )


@contextmanager
def connect(endpoint: Endpoint, fetched: Callable[[int, int], None] | None = None) -> Iterator[Endpoint]:
    """The endpoint, ready to be called for as long as the context lasts: an embedded model is started, or joined.

    Args:
        endpoint: from `find_endpoint`.
        fetched: called with the bytes at hand and in all while an embedded model's weights are fetched.
    """
    if not endpoint.embedded:
        yield endpoint
        return
    from openmedlm.local_models import resolve, serve

    with serve(resolve(endpoint.model), progress=fetched) as server:
        yield replace(endpoint, base_url=server.base_url, api_key=server.api_key)


def _mend(provider: str, slash: str, name: str) -> str:
    """What is wrong with a model's string, and how to write it."""
    if not slash and provider.isprintable() and provider.strip():
        return (
            f"names no provider; write hosted_vllm/{provider} with --api-base, ollama_chat/{provider}, "
            "or local/NAME for an embedded one"
        )
    wrong = "names no model" if not name.strip() else "is not PROVIDER/NAME without spaces"
    return f"{wrong}; write hosted_vllm/NAME with --api-base, ollama_chat/NAME, or local/NAME for an embedded one"


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
    )


def _sha256(path: Path | None) -> str:
    assert path is not None, "a model without a known hash is a file of the user's own"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
