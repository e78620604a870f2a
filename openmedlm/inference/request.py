"""What is asked of an endpoint, and what it answered."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from openmedlm.programs.sampling_params import SamplingParams
from openmedlm.programs.template import Prompt


class Request(NamedTuple):
    """One completion to be had.

    Attributes:
        prompt: chat messages, or the text of a completion prompt.
        decode: how it is sampled.
        sample: its index among the votes of its question.
        attempt: 0 for the first try at this vote; counts up where an unreadable answer is asked for again.
        seed: of the sampling; None where decoding is greedy, so that a new seed does not buy the same text again.
        choices: letters that the answer is constrained to; empty where it is free.
        question: whose votes should meet the same replica; nothing that is sent.
    """

    prompt: Prompt
    decode: SamplingParams
    sample: int = 0
    attempt: int = 0
    seed: int | None = None
    choices: tuple[str, ...] = ()
    question: str = ""

    @property
    def chat(self) -> bool:
        return not isinstance(self.prompt, str)

    def samples_with(self, other: "Request") -> bool:
        """Whether the two differ in nothing but sample and seed, as far as that shows at a glance."""
        return (
            self.prompt is other.prompt
            and self.decode is other.decode
            and (self.attempt, self.choices) == (other.attempt, other.choices)
        )

    def key(self, model: str) -> str:
        """sha256 over the model and everything asked: equal only where the same completion is meant.

        The sample index is part of it, or five votes would be one vote five times.
        """
        return keys_of([self], model)[0]


def keys_of(requests: Sequence[Request], model: str) -> list[str]:
    """The keys of some requests; what those of one prompt have in common is read once."""
    keys = []
    last: Request | None = None
    for request in requests:
        if last is None or not last.samples_with(request):
            asked = {
                "model": model,
                "kind": "chat" if request.chat else "completion",
                "prompt": request.prompt,
                "decode": _fields(request.decode),
                "attempt": request.attempt,
                "choices": request.choices,
            }
            # Sorted, all of these come before the sample and the seed.
            pair_outcomes = hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)[:-1])
            last = request
        digest = pair_outcomes.copy()
        seed = "null" if request.seed is None else request.seed
        digest.update(b',"sample":%d,"seed":%s}' % (request.sample, str(seed).encode()))
        keys.append(digest.hexdigest())
    return keys


@lru_cache(maxsize=256)  # a program has one, and sends it with every request
def _fields(decode: SamplingParams) -> dict[str, Any]:
    return asdict(decode)


class Completion(NamedTuple):
    """What the endpoint wrote.

    Attributes:
        text: the completion, without what came before it.
        finish_reason: `stop`, `length`, `content_filter`, …; None where the endpoint gave none.
        prompt_tokens, completion_tokens: as the endpoint counted them.
        cached_tokens: prompt tokens that the endpoint did not have to compute again.
        cost_usd: US dollars; None where the price is not known.
        seconds: from sending to the whole answer, the last attempt only.
    """

    text: str
    finish_reason: str | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost_usd: float | None
    seconds: float
