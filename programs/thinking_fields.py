"""Request fields that turn a model's thinking on or off, by the kind of server."""

from typing import Any, Literal

from openmedlm.programs.sampling_params import Thinking

ThinkingFields = Literal["chat_template", "effort", "both"]
"""Fields that a server understands.

`chat_template`: `chat_template_kwargs`, as vLLM, SGLang and llama.cpp pass them to the chat template. `effort`:
`reasoning_effort`, as OpenAI, Ollama and litellm's providers take it. `both`: an OpenAI-compatible server of an
unknown kind; it ignores or refuses the field that it does not know, and a refused field is left out.
"""

_TEMPLATE_NAMES = ("enable_thinking", "thinking")
"""Switches of chat templates: Qwen3, GLM-4.5 and others use the first, DeepSeek-V3.1 and Granite the second."""

_EFFORTS = {"off": "none", "on": "medium", "low": "low", "medium": "medium", "high": "high"}


def thinking_fields(thinking: Thinking, kind: ThinkingFields) -> dict[str, Any]:
    """Return the fields of a chat request; none for `default`.

    Example:
        >>> thinking_fields("off", "chat_template")
        {'chat_template_kwargs': {'enable_thinking': False, 'thinking': False}}
        >>> thinking_fields("low", "effort")
        {'reasoning_effort': 'low'}
    """
    if thinking == "default":
        return {}
    fields: dict[str, Any] = {}
    level = thinking not in ("on", "off")
    if kind != "effort":
        switches: dict[str, Any] = dict.fromkeys(_TEMPLATE_NAMES, thinking != "off")
        fields["chat_template_kwargs"] = switches | ({"reasoning_effort": thinking} if level else {})
    # gpt-oss on vLLM reads the level from this field; older releases refuse "none", which Ollama and OpenAI need.
    if kind != "chat_template" or level:
        fields["reasoning_effort"] = _EFFORTS[thinking]
    return fields
