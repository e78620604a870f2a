"""Endpoint that API functions call."""

from collections.abc import Sequence
from typing import Any

import dspy

from openmedlm.inference import Endpoint, find_endpoint
from openmedlm.utils.errors import UserError


def find_model(
    model: str | None, api_base: str | Sequence[str] | None, api_key: str | None
) -> tuple[str, list[str] | None, str | None]:
    """Return model string, addresses and key: those given, or those of the LM that DSPy is configured with.

    Raises:
        UserError: No model is named, and DSPy has none with an address.
    """
    addresses = [api_base] if isinstance(api_base, str) else list(api_base) if api_base is not None else None
    if model is not None:
        return model, addresses, api_key
    lm = dspy.settings.lm
    if lm is None:
        raise UserError(
            "no model: model= and dspy.settings.lm are None. Pass model='hosted_vllm/NAME' and api_base='http://…/v1', "
            "or call dspy.configure(lm=dspy.LM(…))."
        )
    if not isinstance(lm, dspy.LM):
        raise UserError(f"no address in dspy.settings.lm: {type(lm).__name__}. Pass model= and api_base=.")
    base = lm.kwargs.get("api_base")
    return str(lm.model), addresses or ([base] if base else None), api_key or lm.kwargs.get("api_key")


def find_model_endpoint(model: str | None, api_base: str | Sequence[str] | None, api_key: str | None) -> Endpoint:
    """Return the endpoint of a model string, or of the LM that DSPy is configured with; see `find_model`.

    Raises:
        UserError: No model is named, or the model string or the address is invalid.
    """
    return find_endpoint(*find_model(model, api_base, api_key))


def model_options(model: str | None, api_base: str | Sequence[str] | None, api_key: str | None) -> dict[str, Any]:
    """Return model, addresses and key as the model options of the command line; see `find_model`."""
    name, addresses, key = find_model(model, api_base, api_key)
    return {"model": [name], "api_base": addresses, "api_key": key}
