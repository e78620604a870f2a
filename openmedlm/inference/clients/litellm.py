"""Client for all other providers, through litellm."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.errors import EndpointError
from openmedlm.inference.request import Completion, Request
from openmedlm.inference.request_body import request_body
from openmedlm.inference.response import parse_completions
from openmedlm.metrics import Failure

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else the import of litellm downloads prices

import litellm
from litellm.types.router import RouterRateLimitError


class LitellmClient:
    """Chat and text completions through `litellm.acompletion` and `litellm.atext_completion`."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        litellm.suppress_debug_info = True
        self._router = _router(endpoint) if endpoint.replicas else None

    async def check(self) -> None:
        """Do nothing: no request is free of charge at every provider."""

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        """Return one completion: litellm does not report which providers can return several."""
        fields = request_body(request, self._endpoint)
        target = self._router or litellm
        call = target.acompletion if request.chat else target.atext_completion
        address = {} if self._router else {"api_base": self._endpoint.base_url, "api_key": self._endpoint.api_key}
        if request.chat:
            fields["messages"] = list(fields["messages"])
        started = time.perf_counter()
        try:
            response = await call(
                **fields,
                **address,
                timeout=self._timeout,
                num_retries=0,
                max_retries=0,
                drop_params=True,
            )
        except Exception as error:
            raise _failure(error) from error
        seconds = time.perf_counter() - started
        return parse_completions(response.model_dump(), seconds, _price(response))


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
    headers = getattr(error, "litellm_response_headers", None) or {}
    retry_after = str(headers.get("retry-after") or "")
    kind: Failure = "http"
    if isinstance(error, litellm.Timeout):
        kind = "timeout"
    elif isinstance(error, litellm.APIConnectionError):
        kind = "connection"
    return EndpointError(
        " ".join(str(error).split())[:300],
        failure=kind,
        status=status,
        transient=status is not None and (status in (408, 409, 425, 429) or status >= 500),
        retry_after=float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None,
    )


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
