"""Body of an OpenAI request: parameters that a program cannot serve, and the text with the question."""

from collections.abc import Mapping
from typing import Any

from openmedlm.data import UserError

_NO_TOOLS = ("none", "auto")
_ACCEPTED: Mapping[str, tuple[object, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "echo": (False,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "prompt_logprobs": (),
    "logit_bias": (),
    "suffix": (),
    "tools": (),
    "tool_choice": _NO_TOOLS,
    "functions": (),
    "function_call": _NO_TOOLS,
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "audio": (),
    "web_search_options": (),
    "structured_outputs": (),
    "guided_json": (),
    "guided_regex": (),
    "guided_choice": (),
    "guided_grammar": (),
}
"""Parameters that change the reply in a way that a program does not support, with their accepted values.

Null and empty values are accepted too.
"""


class RequestError(UserError):
    """Request that the server refuses, as OpenAI's error format describes it.

    Attributes:
        status: HTTP status.
        param: Name of the parameter at fault, if one is.
        code: OpenAI's error code, if there is one.
    """

    def __init__(self, message: str, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.status, self.param, self.code = status, param, code


def check_model(model: object, served: str) -> None:
    """Check that a request names the served model; one without a name is accepted.

    Raises:
        RequestError: It names another model.

    Example:
        >>> check_model("program", "program")
    """
    if model not in (None, "", served):
        raise RequestError(f"unknown model: {model}. The served model is {served}.", "model", "model_not_found", 404)


def check_parameters(body: Mapping[str, Any], *, json_reply: bool = False) -> None:
    """Check that a program can reply in the way that the parameters ask for.

    Args:
        body: Decoded body of the request.
        json_reply: True if the reply is a JSON object anyway, so that `response_format` may ask for one.

    Raises:
        RequestError: A parameter has a value that a program does not support.

    Example:
        >>> check_parameters({"n": 1, "tools": []})
    """
    for name, accepted in _ACCEPTED.items():
        value = body.get(name)
        if value in (None, "", [], {}) or value in accepted or (name == "response_format" and json_reply):
            continue
        raise RequestError(
            f"unsupported parameter: {name}. A program replies with one answer in text; leave the parameter out.",
            name,
            "unsupported_parameter",
        )
    options = body.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise RequestError("stream_options is not an object. Send an object, or leave it out.", "stream_options")


def request_text(body: Mapping[str, Any]) -> str:
    """Return the text of the last user message, or the prompt.

    Raises:
        RequestError: The request has neither, or several prompts.

    Example:
        >>> request_text({"messages": [{"role": "user", "content": "Which?"}]})
        'Which?'
    """
    prompt = body.get("prompt")
    if prompt is not None:
        if isinstance(prompt, list) and len(prompt) == 1:
            prompt = prompt[0]
        if isinstance(prompt, str):
            return prompt
        raise RequestError("the prompt is not a single text. Send one prompt per request.", "prompt")
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise RequestError("messages is not a list of messages. Send messages or a prompt.", "messages")
    for message in reversed(messages):
        if message.get("role") == "user":
            return _text(message.get("content"))
    raise RequestError("no user message in messages. Send the question as a user message.", "messages")


def has_started_reply(body: Mapping[str, Any]) -> bool:
    """Return True if the last message is the start of the reply, such as "The best answer is".

    Example:
        >>> has_started_reply({"messages": [{"role": "assistant", "content": "The best answer is"}]})
        True
    """
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    return isinstance(last, dict) and last.get("role") == "assistant" and bool(last.get("content"))


def stops_at_line_end(body: Mapping[str, Any]) -> bool:
    """Return True if the reply would end at its first line, so that the client expects only the answer there.

    Example:
        >>> stops_at_line_end({"stop": ["</s>", "\\n"]})
        True
    """
    stop = body.get("stop")
    return "\n" in (stop if isinstance(stop, list) else [stop])


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        return "\n".join(str(part.get("text") or "") for part in content)
    raise RequestError("the last user message is not text. Send text.", "messages")
