"""Parameters that an endpoint refuses, by its error."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from openmedlm.inference.causes import error_text
from openmedlm.inference.errors import EndpointError

_STATUSES = (400, 404, 415, 422, 501)

_REFUSAL = re.compile(
    r"un(?:recogni[sz]ed|known|supported|expected|allowed|permitted)|not (?:\w+ )?(?:recogni[sz]ed|known|supported"
    r"|expected|allowed|permitted|implemented|available|enabled|accepted|a valid|defined)"
    r"|(?:does not|doesn't|do not|don't|cannot|can't) (?:currently )?"
    r"(?:support|allow|accept|take|recogni[sz]e|use)|no support for|extra_forbidden"
    r"|(?:extra|additional|excess|invalid|forbidden) (?:inputs?|fields?|propert|param|arg|key|option)|forbidden"
    r"|deprecated|disallowed|only the default",
    re.IGNORECASE,
)

_UNEXPECTED_KEYWORD = re.compile("unexpected keyword argument", re.IGNORECASE)

_INSTEAD = re.compile(
    r"\b(?:please )?(?:use|try|did you mean|supported|allowed|valid|available|accepted|expected)\b[^.;]*"
    r"(?:instead|:|are|mean)[^.;]*",
    re.IGNORECASE,
)
"""Part of a message that names what the endpoint accepts."""


def find_refused(error: EndpointError, sent: Collection[str]) -> list[str]:
    """Return those parameters of a request that its error names as not supported.

    Args:
        error: Error of the request.
        sent: Names of the parameters that were sent and may be left out.

    Example:
        >>> find_refused(EndpointError("Unrecognized request argument supplied: top_k", status=400), ["top_k", "seed"])
        ['top_k']
    """
    message = str(error) if error.body is None else error_text(error.body, 4_000)
    if error.cause is not None or not (error.status in _STATUSES or _UNEXPECTED_KEYWORD.search(message)):
        return []
    named = [name for name in _structured(error.body) if name in sent]
    if named:
        return list(dict.fromkeys(named))
    for sentence in re.split(r"(?<=[.;!])\s+", message):
        if _REFUSAL.search(sentence):
            refused = _INSTEAD.sub("", sentence)
            if named := [name for name in sent if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", refused)]:
                return named
    return []


def _structured(body: Any, depth: int = 0) -> Iterator[str]:
    """Yield the names in the fields that hold a parameter: `param` of OpenAI's errors, `loc` of pydantic's."""
    if isinstance(body, list) and depth < 6:
        for each in body[:50]:
            yield from _structured(each, depth + 1)
    elif isinstance(body, Mapping) and depth < 6:
        text = error_text(body)
        if isinstance(body.get("param"), str) and _REFUSAL.search(f"{body.get('code')} {text}"):
            yield body["param"].removeprefix("body.").split(".")[0].split("[")[0]
        loc = body.get("loc")
        if isinstance(loc, list) and _REFUSAL.search(f"{body.get('type')} {body.get('msg')}"):
            yield from (str(each) for each in loc)
        for name in ("error", "detail", "message", "errors"):
            yield from _structured(body.get(name), depth + 1)
