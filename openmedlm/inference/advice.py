"""Fixes that follow the message of an endpoint's error."""

import re
from collections.abc import Sequence

from openmedlm.inference.endpoint import Endpoint, split_provider
from openmedlm.inference.errors import EndpointError
from openmedlm.inference.retry import MAX_ASKED_SECONDS

_BY_MESSAGE = (
    (
        r"system (?:role|message|prompt)s?(?: is| are)? not (?:supported|allowed)|roles must alternate"
        r"|only user,? (?:and )?assistant|after the optional system message",
        "Use --template chat-user.",
    ),
    (
        r"(?:no|not have a|without a|missing) chat[ _]template|chat[ _]template (?:is not|isn't) (?:set|defined)"
        r"|default chat template is no longer allowed|no chat template|chat_template is not set",
        "Use --template plain.",
    ),
    (r"LLM Provider NOT provided", "Pass the server's address with --api-base, or write PROVIDER/NAME."),
)


_MISSING_MODEL = re.compile(r"invalid model|model\b.{0,80}(?:not found|does not exist|not exist)", re.IGNORECASE)

MAX_NAMES = 5
"""Served models that an error names."""


def advise(error: EndpointError, endpoint: Endpoint, served: Sequence[str] = ()) -> str:
    """Return the error's message, with the fix if one is known.

    Args:
        error: Error of a request.
        endpoint: Endpoint that refused it.
        served: Names of the models that the endpoint lists.
    """
    message = str(error).rstrip()
    fix = _fix(error, message, endpoint, served)
    return f"{message.rstrip('.')}. {fix}" if fix else message


def _fix(error: EndpointError, message: str, endpoint: Endpoint, served: Sequence[str]) -> str:
    if error.cause == "key":
        if endpoint.api_key:
            return f"Correct the key in {endpoint.key_variable} or --api-key."
        return f"Set {endpoint.key_variable} or pass --api-key."
    if error.cause == "quota":
        return "Completions received so far are cached; raise the quota or budget, and rerun the command to resume."
    if error.cause == "context":
        return "Show fewer exemplars (-k), or serve the model with a longer context."
    if (error.retry_after or 0) > MAX_ASKED_SECONDS:
        return f"The endpoint asks to wait {error.retry_after:,.0f} s: rerun the command then to resume."
    missing = error.status == 404 or _MISSING_MODEL.search(message)
    if missing and served and endpoint.served_name not in served:
        provider, _ = split_provider(endpoint.model)
        names = ", ".join(served[:MAX_NAMES]) + (", …" if len(served) > MAX_NAMES else "")
        return f"The server serves {names}: pass -m {provider}{'/' if provider else ''}{served[0]}."
    return next((fix for pattern, fix in _BY_MESSAGE if re.search(pattern, message, re.IGNORECASE)), "")
