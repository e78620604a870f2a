"""Every other provider, through litellm."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from openmedlm.inference import wire
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.errors import EndpointError
from openmedlm.inference.request import Completion, Request
from openmedlm.metrics import Failure

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or importing litellm asks the network for prices

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
        """Providers differ too much for a question that all of them answer free of charge."""

    async def complete(self, request: Request, count: int = 1) -> Sequence[Completion]:
        """One completion: not every provider gives several, and litellm does not tell which do."""
        fields = wire.body(request, self._endpoint.served_name, self._endpoint.constraint)
        by = self._router or litellm
        call = by.acompletion if request.chat else by.atext_completion
        where = {} if self._router else {"api_base": self._endpoint.base_url, "api_key": self._endpoint.api_key}
        if request.chat:
            fields["messages"] = list(fields["messages"])
        started = time.perf_counter()
        try:
            response = await call(
                **fields,
                **where,
                timeout=self._timeout,
                num_retries=0,
                max_retries=0,
                drop_params=True,
            )
        except Exception as error:
            raise _failure(error) from error
        seconds = time.perf_counter() - started
        return wire.completions(response.model_dump(), seconds, _price(response))


def _router(endpoint: Endpoint) -> "litellm.Router":
    """One that sends each request to the replica that has the fewest in flight, and leaves failing ones alone."""
    parameters = {"model": endpoint.served_name, "api_key": endpoint.api_key}
    deployments = [
        {"model_name": endpoint.served_name, "litellm_params": {**parameters, "api_base": address}}
        for address in endpoint.replicas
    ]
    return litellm.Router(model_list=deployments, routing_strategy="least-busy", num_retries=0)


def _failure(error: Exception) -> EndpointError:
    """litellm's error in our terms; one without a status is a fault of the call itself and does not pass."""
    if isinstance(error, RouterRateLimitError):  # each replica is left alone just now
        said = "every replica is busy or fails"
        return EndpointError(said, status=429, transient=True, retry_after=float(error.cooldown_time))
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
    """US dollars by litellm's price map; None for a model that is not in it."""
    try:
        return float(litellm.completion_cost(completion_response=response))
    except Exception:  # litellm raises a bare Exception for a model that has no price
        return None


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for one token."""

    prompt: float
    completion: float


def prices(model: str) -> Prices | None:
    """A model's prices by litellm's map; None for a model that is not in it."""
    found = litellm.model_cost.get(model) or litellm.model_cost.get(model.partition("/")[2])
    if not found or "input_cost_per_token" not in found:
        return None
    return Prices(found["input_cost_per_token"], found.get("output_cost_per_token", 0.0))
