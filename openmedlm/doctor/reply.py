"""Response to one probe, and the parts of it that checks compare."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from openmedlm.inference.errors import Cause, EndpointDownError, EndpointError
from openmedlm.inference.request import Completion
from openmedlm.inference.response import parse_completions
from openmedlm.inference.thought_signs import thought_mark
from openmedlm.metrics import CUT_OFF, split_thoughts

_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks")


@dataclass(frozen=True)
class Reply:
    """Response of a server to one request.

    Attributes:
        body: Parsed JSON, or the text of the response.
        seconds: Time from sending to the complete response.
        failure: Error of the request; None if the response may hold a completion.
        limit: Token limit of the request.
    """

    body: Any = None
    seconds: float = 0.0
    failure: EndpointError | EndpointDownError | None = None
    limit: int = 0

    @cached_property
    def _parsed(self) -> Sequence[Completion] | EndpointError | EndpointDownError:
        if self.failure is not None:
            return self.failure
        try:
            return parse_completions(self.body, self.seconds, None)
        except EndpointError as error:
            return error

    @property
    def completions(self) -> Sequence[Completion]:
        """Completions; empty after an error."""
        return () if isinstance(self._parsed, Exception) else self._parsed

    @property
    def ok(self) -> bool:
        """True if there is a completion."""
        return bool(self.completions)

    @property
    def exception(self) -> EndpointError | EndpointDownError | None:
        """Error of the request; None if there is a completion."""
        return self._parsed if isinstance(self._parsed, Exception) else None

    @property
    def error(self) -> str:
        """Error on one line; empty if there is a completion."""
        return " ".join(str(self.exception or "").split()).rstrip(".")

    @property
    def status(self) -> int | None:
        """HTTP status of an error; None if there is none."""
        return getattr(self.exception, "status", None)

    @property
    def cause(self) -> Cause | None:
        """Cause of an error; None if it is not known."""
        return getattr(self.exception, "cause", None)

    @property
    def refused(self) -> bool:
        """True if the server refused the request, rather than failed or did not respond."""
        return self.status is not None and self.status not in (408, 429, 502, 503, 504)

    @property
    def texts(self) -> list[str]:
        """Texts of all completions, thoughts included."""
        return [f"{completion.reasoning}{completion.text}" for completion in self.completions]

    @property
    def answer(self) -> str:
        """Text of the first completion without its thoughts."""
        return split_thoughts(self.completions[0].text).answer.strip() if self.ok else ""

    @property
    def cut_off(self) -> bool:
        """True if the token limit ended the first completion."""
        return self.ok and self.completions[0].finish_reason == CUT_OFF

    @property
    def mark(self) -> str | None:
        """Mark or field of the thoughts; None if there are none."""
        if not self.ok:
            return None
        message = self._choice.get("message")
        fields = message if isinstance(message, Mapping) else {}
        named = [name for name in _THOUGHT_FIELDS if fields.get(name)]
        return f"field {named[0]}" if named else thought_mark(self.completions[0])

    @property
    def thought_tokens(self) -> int | None:
        """Reported tokens of the thoughts; None if the server does not report them."""
        return self.completions[0].reasoning_tokens if self.ok else None

    @property
    def prompt_tokens(self) -> int | None:
        """Reported tokens of the prompt; None if the server does not report them."""
        return _count(self._usage.get("prompt_tokens"))

    @property
    def completion_tokens(self) -> int | None:
        """Reported tokens of the completions; None if the server does not report them."""
        return _count(self._usage.get("completion_tokens"))

    @property
    def cached_tokens(self) -> int | None:
        """Reported prompt tokens that were read from a prefix cache; None if the server does not report them."""
        details = self._usage.get("prompt_tokens_details")
        return _count(details.get("cached_tokens")) if isinstance(details, Mapping) else None

    @property
    def first_tokens(self) -> Mapping[str, float]:
        """Log-probabilities of the candidates for the first token; empty if there are none."""
        return dict(_candidates(self._choice.get("logprobs")))

    @property
    def _choice(self) -> Mapping[str, Any]:
        choices = self.body["choices"] if self.ok else [{}]
        return choices[0] if isinstance(choices[0], Mapping) else {}

    @property
    def _usage(self) -> Mapping[str, Any]:
        usage = self.body.get("usage") if isinstance(self.body, Mapping) else None
        return usage if isinstance(usage, Mapping) else {}


def _count(value: object) -> int | None:
    return value if type(value) is int else None


def _candidates(logprobs: Any) -> Iterator[tuple[str, float]]:
    """Yield tokens and log-probabilities, from the form of chats or that of text completions."""
    if not isinstance(logprobs, Mapping):
        return
    content, top = logprobs.get("content"), logprobs.get("top_logprobs")
    if isinstance(content, list) and content and isinstance(content[0], Mapping):
        for each in content[0].get("top_logprobs") or ():
            yield str(each["token"]), float(each["logprob"])
    elif isinstance(top, list) and top and isinstance(top[0], Mapping):
        for token, logprob in top[0].items():
            yield str(token), float(logprob)
