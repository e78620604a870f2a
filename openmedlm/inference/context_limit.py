"""Token numbers in the message of a request that is longer than the model's context."""

import re
from typing import NamedTuple

_NUMBER = r"`?\[?(\d[\d,]*)`?"

_CONTEXT = [
    rf"exceed context limit: \d+ \+ \d+ > {_NUMBER}",
    rf"context (?:length|size|window|limit)(?: \(n_ctx\))?(?: is| of| was|:)?(?: only)? \(?{_NUMBER}",
    rf"exceeds? (?:the )?(?:model's )?(?:maximum )?context (?:length|size|window) \(?(?:of )?{_NUMBER}",
    rf"maximum model length(?: of)? \(?{_NUMBER}",
    rf"max_new_tokens` must be <= {_NUMBER}",
    rf"{_NUMBER} maximum context length",
    rf"available context size \({_NUMBER}",
    rf"prompt is too long: \d+ tokens > {_NUMBER}",
    rf"maximum number of tokens allowed \(?{_NUMBER}",
    rf"in the prompt cannot exceed {_NUMBER}",
    rf"`inputs` must have less than {_NUMBER}",
    rf"['\"]n_ctx['\"]: {_NUMBER}",
]
"""Patterns of the context's length."""

_PROMPT = [
    rf"{_NUMBER} in the (?:messages|prompt)",
    rf"{_NUMBER} (?:text )?tokens from the input",
    rf"has {_NUMBER} input tokens",
    rf"prompt contains (?:at least )?{_NUMBER} (?:input )?tokens",
    rf"passed (?:at least )?{_NUMBER} input (?:tokens|characters)",
    rf"messages resulted in {_NUMBER} tokens",
    rf"(?:prompt|input) \(?(?:length )?{_NUMBER}(?: tokens)?\) is longer",
    rf"request \({_NUMBER} tokens\)",
    rf"Given: {_NUMBER}",
    rf"exceed context limit: {_NUMBER} \+",
    rf"prompt is too long: {_NUMBER}",
    rf"input token count \(?{_NUMBER}",
    rf"received {_NUMBER}",
    rf"keep the first {_NUMBER} tokens",
    rf"['\"]n_prompt_tokens['\"]: {_NUMBER}",
]
"""Patterns of the prompt's length."""

_COMPLETION = [
    rf"supports at most {_NUMBER} completion tokens",
    rf"valid range of max_tokens is \[1, ?{_NUMBER}",
    rf"max_(?:completion_)?tokens`? must be less than or equal to {_NUMBER}",
    rf"max_tokens: \d+ > {_NUMBER}, which is the maximum allowed number of output tokens",
]
"""Patterns of the maximum length of a completion, whatever the prompt."""

_LOWER_BOUND = re.compile(r"at least \d+ input tokens", re.IGNORECASE)


class ContextLimit(NamedTuple):
    """Token numbers of a refusal; None for those that it does not name.

    Attributes:
        context: Maximum tokens of prompt and completion together.
        prompt: Tokens of the prompt.
        completion: Maximum tokens of any completion.
        exact: Whether `prompt` is the number of its tokens, not a lower bound.
    """

    context: int | None
    prompt: int | None
    completion: int | None
    exact: bool = True

    @property
    def prompt_too_long(self) -> bool:
        """True if the prompt alone fills the context."""
        return self.context is not None and self.prompt is not None and self.prompt >= self.context

    def max_tokens(self, asked: int) -> int:
        """Return the largest `max_tokens` below `asked` that fits; half of it where the numbers do not say."""
        if self.completion is not None and self.completion < asked:
            return self.completion
        if self.context is not None and self.prompt is not None and self.exact:
            free = self.context - self.prompt
            return free if free < asked else asked // 2
        return asked // 2


def parse_context_limit(message: str) -> ContextLimit:
    """Return the token numbers of an error message.

    Example:
        >>> parse_context_limit("maximum context length is 4096 tokens and your request has 4000 input tokens")
        ContextLimit(context=4096, prompt=4000, completion=None, exact=True)
    """
    return ContextLimit(
        _first(_CONTEXT, message),
        _first(_PROMPT, message),
        _first(_COMPLETION, message),
        _LOWER_BOUND.search(message) is None,
    )


def _first(patterns: list[str], message: str) -> int | None:
    for pattern in patterns:
        if match := re.search(pattern, message, re.IGNORECASE):
            return int(match[1].replace(",", ""))
    return None
