"""Client that adapts requests to what the endpoint accepts."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import lru_cache

from openmedlm.inference.clients.base import Client
from openmedlm.inference.clients.model_list import ModelList
from openmedlm.inference.context_limit import ContextLimit, parse_context_limit
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.errors import EndpointError
from openmedlm.inference.notices import Notices
from openmedlm.inference.refused_parameters import find_refused
from openmedlm.inference.request import Completion, Request
from openmedlm.inference.request_body import CONSTRAINT_FIELDS, request_body
from openmedlm.metrics import CUT_OFF
from openmedlm.programs.sampling_params import SamplingParams

MIN_TOKENS = 16
"""Smallest `max_tokens` that is tried where an endpoint does not say how many tokens fit."""

TOKENS_RESERVED = 16
"""Tokens left free where the length of a prompt is estimated."""

_REQUIRED = ("model", "messages", "prompt", "n")
"""Fields that are never left out; `CachingClient` sends single requests where `n` is refused."""

_PURPOSE = CONSTRAINT_FIELDS | {"continue_final_message", "add_generation_prompt", "logprobs", "top_logprobs"}
"""Fields without which a request that has them has no use."""

_CONSEQUENCES = {
    "seed": "votes may repeat, and another run gives other votes",
    "temperature": "the endpoint's own temperature applies, so that one prompt may give different answers",
    "top_p": "the endpoint's own value applies",
    "top_k": "the endpoint's own value applies",
    "min_p": "the endpoint's own value applies",
    "stop": "completions may be longer",
    "chat_template_kwargs": "the model decides whether it thinks",
    "reasoning_effort": "the model decides whether it thinks",
    "max_tokens": "max_completion_tokens is sent instead",
    "max_completion_tokens": "completions have no limit but the endpoint's",
}


class AdaptingClient:
    """Leaves out parameters that the endpoint refuses, and shortens completions that do not fit into its context.

    A refused request is repeated at once, and later requests are adapted from the start. Cache keys do not depend on
    what is learned.

    Args:
        client: Sends one request once.
        endpoint: Endpoint of the client.
        notices: Receives a notice about each adaptation.

    Attributes:
        notices: Notices about the endpoint.
        refused: Parameters that the endpoint refused so far.
        context_length: Maximum tokens of prompt and completion together; None if it is not known.
    """

    def __init__(self, client: Client, endpoint: Endpoint, notices: Notices | None = None) -> None:
        self._client = client
        self._endpoint = endpoint
        self.notices = notices or Notices()
        self.refused: frozenset[str] = frozenset()
        self.context_length: int | None = None
        self._max_completion: int | None = None
        self._tokens_per_character = 0.0
        self._max_tokens: dict[int, int] = {}

    @property
    def models(self) -> ModelList:
        """Models that the endpoint lists, once `check` has read them."""
        return self._client.models

    async def check(self) -> None:
        await self._client.check()
        self.context_length = self.models.context_length

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        """See `Client.complete`.

        Raises:
            EndpointError: Its `refused_parameter` is set if the endpoint cannot be constrained to option letters.
        """
        while True:
            sent = request
            if self.refused:
                sent = self._without_refused(sent)
            if self._max_tokens or self._max_completion is not None:
                sent = self._with_limit(sent)
            try:
                completions = await self._client.complete(sent, count)
                return [_with_cut_off(each, sent.decode) for each in completions]
            except EndpointError as error:
                if error.cause == "context":
                    self._learn_limit(request, sent, error)
                elif not self._learn_refused(sent, error, count):
                    raise

    def _without_refused(self, request: Request) -> Request:
        """Return the request without the refused parameters.

        Raises:
            EndpointError: Without them, the request has no use.
        """
        omitting = request._replace(decode=_omitting(request.decode, tuple(sorted(self.refused))))
        if self.refused & _PURPOSE:
            self._check_purpose(set(request_body(request, self._endpoint)))
        return omitting

    def _learn_refused(self, sent: Request, error: EndpointError, count: int) -> bool:
        """Learn the parameters that an error names, and return whether there are any."""
        body = request_body(sent, self._endpoint, count)
        refused = find_refused(error, [name for name in body if name not in _REQUIRED])
        self.refused |= frozenset(refused)
        self._check_purpose(set(body), error)
        for name in refused:
            consequence = _CONSEQUENCES.get(name, "the endpoint's default applies")
            self.notices.add(f"the endpoint refuses {name}: it is left out, {consequence}")
        return any(name not in sent.decode.omit_params for name in refused)

    def _check_purpose(self, fields: AbstractSet[str], error: EndpointError | None = None) -> None:
        """Raise an error if a request lacks a field without which it has no use.

        A letter may be required by several fields, of which one is enough.
        """
        constraint = fields & CONSTRAINT_FIELDS
        lacking = constraint if constraint <= self.refused else (fields & _PURPOSE & self.refused) - constraint
        if lacking:
            message = str(error) if error is not None else f"the endpoint refuses {min(lacking)}"
            status = error.status if error is not None else None
            raise EndpointError(message, status=status, refused_parameter=min(lacking)) from error

    def _learn_limit(self, request: Request, sent: Request, error: EndpointError) -> None:
        """Learn how many tokens fit after the prompt of a request that was sent in a shorter form.

        Raises:
            EndpointError: The prompt alone does not fit.
        """
        limit = parse_context_limit(f"{error} {error.body if error.body is not None else ''}")
        asked = sent.decode.max_tokens
        allowed = limit.max_tokens(asked)
        if limit.context is not None:
            self.context_length = limit.context
        if limit.prompt_too_long or allowed < (1 if limit.exact and limit.prompt is not None else MIN_TOKENS):
            raise error
        if limit.completion is not None and limit.completion < asked:
            self._max_completion = allowed
            self.notices.add(f"the endpoint allows {allowed:,} tokens per completion: max_tokens is reduced")
            return
        self._learn_rate(sent, limit)
        self._max_tokens[_fingerprint(request)] = allowed
        context = f"of {limit.context:,} tokens " if limit.context is not None else ""
        self.notices.add(f"the context {context}is too short for a prompt and its completion: max_tokens is reduced")

    def _learn_rate(self, sent: Request, limit: ContextLimit) -> None:
        if limit.prompt is not None:
            rate = limit.prompt / max(1, len(str(sent.prompt)))
            self._tokens_per_character = max(rate, self._tokens_per_character)

    def _with_limit(self, request: Request) -> Request:
        """Return the request with the largest `max_tokens` that is known to fit.

        The limit of a prompt is exact once the endpoint has refused the prompt. It is estimated only where
        `max_tokens` alone fills the context, so that the endpoint would refuse every request.
        """
        asked = request.decode.max_tokens
        allowed = self._max_tokens.get(_fingerprint(request), asked)
        if allowed == asked and self.context_length is not None and asked >= self.context_length:
            prompt_tokens = int(self._tokens_per_character * len(str(request.prompt)))
            allowed = max(MIN_TOKENS, self.context_length - prompt_tokens - TOKENS_RESERVED)
        if self._max_completion is not None:
            allowed = min(allowed, self._max_completion)
        return request if allowed >= asked else request._replace(decode=replace(request.decode, max_tokens=allowed))


def _with_cut_off(completion: Completion, decode: SamplingParams) -> Completion:
    """Return a completion that fills its token limit as cut off: some servers send no finish reason, or always `stop`.

    A letter, which is all that a constrained completion holds, may fill its limit without being cut off.
    """
    unsaid = completion.finish_reason in (None, "stop") and {"max_tokens", "max_completion_tokens"} - {
        *decode.omit_params
    }
    filled = completion.completion_tokens >= decode.max_tokens > MIN_TOKENS
    return completion._replace(finish_reason=CUT_OFF) if unsaid and filled else completion


@lru_cache(maxsize=256)
def _omitting(decode: SamplingParams, names: tuple[str, ...]) -> SamplingParams:
    return replace(decode, omit_params=tuple(dict.fromkeys((*decode.omit_params, *names))))


def _fingerprint(request: Request) -> int:
    return hash((str(request.prompt), request.decode.max_tokens))
