"""Requests to an endpoint, their cache keys, and completions."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from openmedlm.programs.sampling_params import SamplingParams
from openmedlm.programs.template import Prompt


class Request(NamedTuple):
    """Request for one completion.

    Attributes:
        prompt: Chat messages, or the text of a completion prompt.
        decode: Sampling parameters.
        sample: Index of the vote among the votes of its question.
        attempt: 0 for the first completion of the vote; each resample counts one up.
        seed: Sampling seed; None for greedy decoding, whose text does not depend on it.
        choices: Letters that the answer is constrained to; empty for free text.
        continued: Whether the last message is the start of the assistant's answer, which the endpoint continues.
        question: Question id, which routes all votes of a question to the same replica; it is not sent.
    """

    prompt: Prompt
    decode: SamplingParams
    sample: int = 0
    attempt: int = 0
    seed: int | None = None
    choices: tuple[str, ...] = ()
    continued: bool = False
    question: str = ""

    @property
    def chat(self) -> bool:
        """True for chat messages, False for a text prompt."""
        return not isinstance(self.prompt, str)

    def differs_by_sample(self, other: "Request") -> bool:
        """Return whether the two surely differ in sample and seed only; prompts are compared by identity."""
        return (
            self.prompt is other.prompt
            and self.decode is other.decode
            and (self.attempt, self.choices, self.continued) == (other.attempt, other.choices, other.continued)
        )

    def key(self, model: str) -> str:
        """Return the cache key: sha256 over the model and all request fields but `question`.

        The key includes the sample index: otherwise five greedy votes would be one completion counted five times.
        """
        return make_keys([self], model)[0]


def make_keys(requests: Sequence[Request], model: str) -> list[str]:
    """Return the cache keys of requests; neighbours with the same prompt share the hash of it."""
    keys = []
    last: Request | None = None
    for request in requests:
        if last is None or not last.differs_by_sample(request):
            fields = {
                "model": model,
                "kind": "chat" if request.chat else "completion",
                "prompt": request.prompt,
                "decode": _as_dict(request.decode),
                "attempt": request.attempt,
                "choices": request.choices,
                **({"continued": True} if request.continued else {}),
            }
            # Sorted by name, all of these come before the sample and the seed.
            shared = hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)[:-1])
            last = request
        digest = shared.copy()
        seed = "null" if request.seed is None else request.seed
        digest.update(b',"sample":%d,"seed":%s}' % (request.sample, str(seed).encode()))
        keys.append(digest.hexdigest())
    return keys


@lru_cache(maxsize=256)  # a program has one object, used for every request
def _as_dict(decode: SamplingParams) -> dict[str, Any]:
    described = decode.describe()
    for name in ("thought_marks", "thoughts_opened", "thinking_tokens", "sampling"):  # not sent themselves
        described.pop(name, None)
    if decode.sampling == "model":  # only its own generation config counts
        described |= {"sampling": "model", "temperature": None, "top_p": None, "top_k": None}
    return described


class Completion(NamedTuple):
    """Completion of one request.

    Attributes:
        text: Generated text, without the prompt.
        finish_reason: `stop`, `length`, `content_filter`, …; None if the endpoint sent none.
        prompt_tokens, completion_tokens: Token counts of the endpoint.
        cached_tokens: Prompt tokens that the endpoint read from its prefix cache.
        cost_usd: Cost in US dollars; None if the price is not known.
        seconds: Latency of the last attempt, from sending to the complete response.
        reasoning: Thoughts that the endpoint separated from the text; empty if there are none.
        reasoning_tokens: Tokens of the thoughts; None if the endpoint does not report them.
    """

    text: str
    finish_reason: str | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost_usd: float | None
    seconds: float
    reasoning: str = ""
    reasoning_tokens: int | None = None
