"""Causes of an endpoint's errors, by status, code and message."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from openmedlm.inference.errors import Cause, EndpointError
from openmedlm.inference.retry_after import seconds_in_message

_TRANSIENT_STATUSES = (408, 409, 425, 429, 500, 502, 503, 504)

_LOADING_STATUSES = frozenset({409, 425, 429, *range(500, 600)})
_CONTEXT_STATUSES = frozenset({400, 413, 422, 500})
_ANY = frozenset(range(400, 600))

_RULES: tuple[tuple[Cause, frozenset[int], str], ...] = (
    ("quota", frozenset({402}), ""),
    (
        "quota",
        _ANY,
        r"insufficient[_ ]quota|insufficient[_ ](?:credits?|funds|balance)|exceeded ?budget|budget[_ ]?exceeded"
        r"|budget (?:has been|was|is) exceeded|exceeded (?:your|the|its|max) ?(?:monthly |current )?budget"
        r"|over budget|billing[_ ]hard[_ ]limit|billing[_ ]not[_ ]active|credit balance is too low"
        r"|(?:out of|not enough|no (?:more|remaining)|used up (?:all )?your) (?:credits?|funds)"
        r"|credits?(?: limit)?(?: (?:is|are|have been|has been|were))? (?:exhausted|exceeded|depleted|used up)"
        r"|exceeded your (?:monthly )?(?:included )?credits|spend(?:ing)? limit|payment required|quota_exceeded_error",
    ),
    ("key", frozenset({401}), ""),
    (
        "key",
        _ANY,
        r"(?:invalid|incorrect|missing|wrong|expired|unknown|no|bad)[_ -](?:x-)?(?:\w+ )?api[_ -]?key"
        r"|api[_ -]?key[^.]{0,40}(?:not valid|invalid|incorrect|missing|required|must be set|not found|not provided"
        r"|expired|is not set)|authentication ?error|api_key client option|invalid (?:authentication|credentials|token)"
        r"|(?:provide|passing|pass|set) (?:an? |your )?(?:\w+ )?api[_ -]?key|missing credentials"
        r"|no_db_connection",  # a litellm proxy without a database refuses a wrong key so
    ),
    (
        "loading",
        _LOADING_STATUSES,
        r"loading (?:the )?model|model[^.]{0,60}\b(?:is|still|currently|being) (?:(?:still|currently|being) )?"
        r"load(?:ing|ed)"
        r"|still (?:loading|starting|initiali[sz]ing)|(?:is|are) (?:currently )?(?:starting|warming) ?up|warming up"
        r"|(?:model|server|engine)[^.]{0,30} (?:is )?not (?:yet )?(?:ready|loaded)|estimated_time|cold start"
        r"|server is starting|initiali[sz]ing (?:the )?(?:model|engine)|no healthy upstream|loading model",
    ),
    (
        "context",
        _CONTEXT_STATUSES,
        r"context[_ ](?:length|size|window|limit)|contextwindow|maximum (?:context|model) ?len|max[_ ]model[_ ]len"
        r"|exceed_context_size|max_new_tokens|too many tokens|(?:prompt|input) is too long|max_tokens.{0,40}too large"
        r"|longer than the (?:maximum|model)|(?:token|input) count.{0,40}exceeds|reduce the length"
        r"|invalid max_tokens value|max_tokens.{0,30}must be less than|`inputs` must have less|maximum input length"
        r"|context the overflows",
    ),
)
"""Cause, statuses at which it is looked for, and pattern; the first rule that fits decides."""

_COMPILED = [(cause, statuses, re.compile(pattern, re.IGNORECASE)) for cause, statuses, pattern in _RULES]

_MARKUP = re.compile(r"<(style|script|title)\b.*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)

_CURRENT_QUOTA = re.compile("exceeded your current quota", re.IGNORECASE)
"""Said of a spent quota, and by some providers of a limit per minute, then with the seconds to wait."""


def make_error(
    status: int | None, body: Any, retry_after: float | None = None, *, in_response: bool = False
) -> EndpointError:
    """Return the error of an HTTP status and its body.

    Args:
        status: HTTP status, or the status inside the error of a response with HTTP 200.
        body: Parsed body, or its text.
        retry_after: Seconds that the endpoint asked to wait.
        in_response: Whether the error came with HTTP 200.
    """
    if retry_after is None:
        retry_after = _body_seconds(status, body)
    cause = find_cause(status, f"{error_text(body, 2_000)} {' '.join(_codes(body))}", retry_after)
    transient = cause == "loading" or (
        cause is None and (status in _TRANSIENT_STATUSES if status is not None else in_response)
    )
    where = "error in the response" if in_response else f"HTTP {status}"
    return EndpointError(
        f"{where}: {error_text(body)}",
        status=status,
        transient=transient,
        retry_after=retry_after,
        cause=cause,
        in_response=in_response,
        body=body,
    )


def find_cause(status: int | None, text: str, retry_after: float | None = None) -> Cause | None:
    """Return the cause of an error; None if it is not known.

    Example:
        >>> find_cause(503, "Loading model")
        'loading'
    """
    for cause, statuses, pattern in _COMPILED:
        if (status in statuses or (status is None and pattern.pattern)) and pattern.search(text):
            return cause
    if _CURRENT_QUOTA.search(text) and not retry_after:
        return "quota"
    return None


def error_text(body: Any, limit: int = 300) -> str:
    """Return the error message of a body, on one line of at most `limit` characters."""
    try:
        return " ".join(str(_message(body)).split())[:limit]
    except RecursionError:
        return "JSON that is nested too deeply"


def _message(body: Any) -> Any:
    if isinstance(body, str) and body.lstrip()[:1] == "<":
        return _MARKUP.sub(" ", body)
    if isinstance(body, list) and len(body) == 1:
        return _message(body[0])
    if isinstance(body, list) and body and all(isinstance(each, Mapping) and "loc" in each for each in body):
        return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each.get('msg')}" for each in body)
    if isinstance(body, Mapping):
        if "loc" in body and isinstance(body["loc"], list):
            return f"{'.'.join(map(str, body['loc']))}: {body.get('msg')}"
        for name in ("error", "message", "detail", "errors", "msg"):
            if body.get(name):
                return _message(body[name])
    return body


def _codes(body: Any, depth: int = 0) -> Iterator[str]:
    """Yield the codes and types of an error as text."""
    if isinstance(body, Mapping) and depth < 4:
        yield from (body[name] for name in ("code", "type", "status") if isinstance(body.get(name), str))
        yield from (name for name in ("estimated_time",) if name in body)
        for name in ("error", "detail", "message"):
            yield from _codes(body.get(name), depth + 1)


def _body_seconds(status: int | None, body: Any) -> float | None:
    """Return the seconds to wait in a body: until the model is loaded, or a rate limit ends."""
    seconds = body.get("estimated_time") if isinstance(body, Mapping) else None
    if isinstance(seconds, int | float) and 0 <= seconds < 1e6:
        return float(seconds)
    return seconds_in_message(str(body)[:4_000]) if status in (429, 503) else None
