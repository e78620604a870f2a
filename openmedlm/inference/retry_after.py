"""Seconds that an endpoint asks to wait, by the headers of its response."""

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

_DURATION = re.compile("".join(rf"(?:(\d+(?:\.\d+)?){unit})?" for unit in ("d", "h", "m", "s", "ms")))
_UNITS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)

_IN_MESSAGE = re.compile(
    r"(?:(?:try again|retry) (?:in|after) |retryDelay['\"]: ?['\"])(?:(\d+)m(?!s))?(\d+(?:\.\d+)?) ?(ms|s)",
    re.IGNORECASE,
)

_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)

_EPOCH_SECONDS = 1e9
"""Numbers above it are times since 1970, not durations; above its thousandfold, in milliseconds."""


def seconds_to_wait(headers: Mapping[str, str], *, limited: bool, now: float | None = None) -> float | None:
    """Return the seconds that the endpoint asks to wait; None if it does not ask.

    `Retry-After` is a number of seconds or a date (RFC 9110, section 10.2.3); a date in the past is 0 seconds. A date
    is compared with the server's own `Date`, since the two clocks may differ.

    Args:
        headers: Headers of the response, by case-insensitive name.
        limited: Whether the status is 429; then the times at which a limit resets count, too.
        now: Time since 1970 in seconds; None for the current time.

    Example:
        >>> seconds_to_wait({"Retry-After": "1.5"}, limited=True)
        1.5
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1_000
    value = headers.get("Retry-After", "").strip()
    if (seconds := _number(value)) is not None:
        return seconds
    here = time.time() if now is None else now
    if (date := _timestamp(value)) is not None:
        server = _timestamp(headers.get("Date", ""))
        return max(0.0, date - (here if server is None else server))
    if not limited:
        return None
    for name in ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "x-ratelimit-reset", "ratelimit-reset"):
        reset = headers.get(name, "").strip()
        if (seconds := _number(reset)) is not None:
            if seconds < _EPOCH_SECONDS:
                return seconds
            return max(0.0, seconds / (1_000 if seconds > 1_000 * _EPOCH_SECONDS else 1) - here)
        match = _DURATION.fullmatch(reset)
        if reset and match:
            return sum(float(part) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part)
        if (date := _timestamp(reset)) is not None:
            return max(0.0, date - here)
    return None


def seconds_in_message(message: str) -> float | None:
    """Return the seconds to wait in the message of a rate limit; None if it names none.

    Example:
        >>> seconds_in_message("Rate limit reached. Please try again in 1m30s.")
        90.0
    """
    match = _IN_MESSAGE.search(message)
    if match is None:
        return None
    minutes, number, unit = match.groups()
    seconds = float(number) / (1_000 if unit == "ms" else 1)
    return 60.0 * float(minutes or 0) + seconds


def _number(value: str | None) -> float | None:
    """Return a finite number of at least 0; None for any other text."""
    if not value or not _NUMBER.fullmatch(value.strip()):
        return None
    number = float(value.strip())
    return number if math.isfinite(number) else None


def _timestamp(value: str) -> float | None:
    """Return a date of any of the three formats of RFC 9110 as seconds since 1970; None for any other text."""
    try:
        parsed = parsedate_to_datetime(value)
        # The format of asctime names no zone: it is UTC.
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
