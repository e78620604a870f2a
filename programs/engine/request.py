"""What is asked of an endpoint, and what it answered."""

import hashlib
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import orjson

from programs.decode import Decode
from programs.template import Prompt


@dataclass(frozen=True, slots=True)
class Request:
    """One completion to be had.

    Attributes:
        prompt: chat messages, or the text of a completion prompt.
        decode: how it is sampled.
        sample: its index among the votes of its question.
        attempt: 0 for the first try at this vote; counts up where an unreadable answer is asked for again.
        seed: of the sampling; None where decoding is greedy, so that a new seed does not buy the same text again.
        choices: letters that the answer is constrained to; empty where it is free.
    """

    prompt: Prompt
    decode: Decode
    sample: int = 0
    attempt: int = 0
    seed: int | None = None
    choices: tuple[str, ...] = ()

    @property
    def chat(self) -> bool:
        return not isinstance(self.prompt, str)

    def key(self, model: str) -> str:
        """sha256 over the model and everything asked: equal only where the same completion is meant.

        The sample index is part of it, or five votes would be one vote five times.
        """
        asked = {
            "model": model,
            "kind": "chat" if self.chat else "completion",
            "prompt": self.prompt,
            "decode": _fields(self.decode),
            "sample": self.sample,
            "attempt": self.attempt,
            "seed": self.seed,
            "choices": self.choices,
        }
        return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


@lru_cache(maxsize=256)  # a program has one, and sends it with every request
def _fields(decode: Decode) -> dict[str, Any]:
    return asdict(decode)


@dataclass(frozen=True, slots=True)
class Completion:
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
