"""Client for all other providers, through litellm."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openmedlm.inference.causes import find_cause
from openmedlm.inference.clients.model_list import ModelList
from openmedlm.inference.clients.tls import explain_tls_error
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.errors import EndpointDownError, EndpointError
from openmedlm.inference.notices import Notices
from openmedlm.inference.request import Completion, Request
from openmedlm.inference.request_body import request_body
from openmedlm.inference.response import parse_completions
from openmedlm.inference.retry_after import seconds_in_message, seconds_to_wait
from openmedlm.metrics import Failure

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else the import of litellm downloads prices

import litellm
from litellm.types.router import RouterRateLimitError

_TRANSIENT_STATUSES = (408, 409, 425, 429)

_ALWAYS_SENT = ("model", "messages", "prompt")


class LitellmClient:
    """Chat and text completions through `litellm.acompletion` and `litellm.atext_completion`.

    Args:
        endpoint: Endpoint that is not called directly.
        timeout: Maximum seconds of one request.
        notices: Receives a notice about the parameters that litellm leaves out, since the provider does not take them.
    """

    models = ModelList()

    def __init__(self, endpoint: Endpoint, timeout: float, notices: Notices | None = None) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        self._notices = notices or Notices()
        self._reported: set[str] = set()
        litellm.suppress_debug_info = True
        self._router = _router(endpoint) if endpoint.replicas else None

    async def check(self) -> None:
        """Do nothing: no request is free of charge at every provider."""

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        """Return one completion: litellm does not report which providers can return several."""
        started = time.perf_counter()
        response = await self.send(request_body(request, self._endpoint))
        seconds = time.perf_counter() - started
        return parse_completions(response.model_dump(), seconds, _price(response), count)

    async def send(self, fields: dict[str, Any]) -> Any:
        """Send a request body through litellm, and return litellm's response.

        Raises:
            EndpointError: The provider refused, failed, or did not respond in time.
            EndpointDownError: Every further request would fail in the same way.
        """
        target = self._router or litellm
        chat = "messages" in fields
        call = target.acompletion if chat else target.atext_completion
        address = {} if self._router else {"api_base": self._endpoint.base_url, "api_key": self._endpoint.api_key}
        if chat:
            fields = {**fields, "messages": list(fields["messages"])}
        if not self._reported.issuperset(fields):
            self._report_dropped(fields)
        try:
            return await call(
                **fields,
                **address,
                timeout=self._timeout,
                num_retries=0,
                max_retries=0,
                drop_params=True,
            )
        except Exception as error:
            message = explain_tls_error(error, self._endpoint.base_url or self._endpoint.model)
            if message is not None:
                raise EndpointDownError(message) from error
            raise _failure(error) from error

    def _report_dropped(self, fields: Mapping[str, object]) -> None:
        """Report once which parameters the provider does not take: `drop_params` leaves them out in silence."""
        self._reported.update(fields)
        try:
            supported = litellm.get_supported_openai_params(self._endpoint.served_name)
        except Exception:  # litellm raises a bare Exception for an unknown provider
            return
        for name in fields:
            # litellm passes on what OpenAI's API does not define, such as top_k.
            if supported and name not in (*_ALWAYS_SENT, *supported) and name in litellm.OPENAI_CHAT_COMPLETION_PARAMS:
                self._notices.add(f"{self._endpoint.model} does not take {name}: it is left out")


def _router(endpoint: Endpoint) -> "litellm.Router":
    """Return a router that picks the replica with the fewest requests in flight and avoids failing ones."""
    parameters = {"model": endpoint.served_name, "api_key": endpoint.api_key}
    deployments = [
        {"model_name": endpoint.served_name, "litellm_params": {**parameters, "api_base": address}}
        for address in endpoint.replicas
    ]
    return litellm.Router(model_list=deployments, routing_strategy="least-busy", num_retries=0)


def _failure(error: Exception) -> EndpointError:
    """Convert litellm's error; one without a status is an error of the call itself and not transient."""
    if isinstance(error, RouterRateLimitError):  # all replicas are in their cooldown
        message = "all replicas are overloaded or down"
        return EndpointError(message, status=429, transient=True, retry_after=float(error.cooldown_time))
    status = getattr(error, "status_code", None)
    message = " ".join(str(error).partition("Traceback (most recent call last)")[0].split())
    response = getattr(error, "response", None)
    headers = getattr(error, "litellm_response_headers", None) or getattr(response, "headers", None) or {}
    retry_after = seconds_to_wait(_Headers(headers), limited=status == 429)
    if retry_after is None and status == 429:
        retry_after = seconds_in_message(message)
    cause = (
        "context" if isinstance(error, litellm.ContextWindowExceededError) else find_cause(status, message, retry_after)
    )
    if isinstance(error, litellm.AuthenticationError):
        cause = "key"
    kind: Failure = "http"
    if isinstance(error, litellm.Timeout):
        kind = "timeout"
    elif isinstance(error, litellm.APIConnectionError):
        kind = "connection"
    is_transient = status is not None and (status in _TRANSIENT_STATUSES or (status >= 500 and status != 501))
    return EndpointError(
        message[:300],
        failure=kind,
        status=status,
        transient=cause == "loading" or (cause is None and is_transient),
        retry_after=retry_after,
        cause=cause,
        body=message,
    )


class _Headers(dict[str, str]):
    """Headers by lower-case name, whatever the case in which they are read."""

    def __init__(self, headers: Mapping[str, object]) -> None:
        super().__init__({str(name).lower(): str(value) for name, value in headers.items()})

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        return super().get(name.lower(), default)


def _price(response: object) -> float | None:
    """Return the cost in US dollars by litellm's price map; None for a model that is not in it."""
    try:
        return float(litellm.completion_cost(completion_response=response))
    except Exception:  # litellm raises a bare Exception for a model without a price
        return None


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in US dollars per token."""

    prompt: float
    completion: float


def prices(model: str) -> Prices | None:
    """Return a model's prices by litellm's map; None for a model that is not in it."""
    entry = litellm.model_cost.get(model) or litellm.model_cost.get(model.partition("/")[2])
    if not entry or "input_cost_per_token" not in entry:
        return None
    return Prices(entry["input_cost_per_token"], entry.get("output_cost_per_token", 0.0))
