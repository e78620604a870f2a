"""Tests of the seconds that an endpoint asks to wait."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from openmedlm.inference.retry_after import seconds_in_message, seconds_to_wait

NOW = 784_111_777.0
"""Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110."""


def seconds(limited: bool = True, **headers: str) -> float | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return seconds_to_wait(CIMultiDict(named), limited=limited, now=NOW)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (" 40.2 ", 40.2),
        (".5", 0.5),
        ("1.", 1.0),
        ("Sun, 06 Nov 1994 08:50:17 GMT", 40.0),
        ("Sunday, 06-Nov-94 08:50:17 GMT", 40.0),
        ("Sun Nov  6 08:50:17 1994", 40.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("Sun, 06 Nov 1994 09:50:17 +0100", 40.0),
        ("-5", None),
        ("soon", None),
        ("²", None),
        ("٣", None),
        ("", None),
        ("1e3", None),
        ("inf", None),
        ("nan", None),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, expected: float | None) -> None:
    assert seconds(Retry_After=value) == (None if expected is None else pytest.approx(expected))


def test_date_is_compared_with_the_clock_of_the_server() -> None:
    ahead = formatdate(NOW + 3_600, usegmt=True)
    assert seconds(Retry_After=formatdate(NOW + 3_640, usegmt=True), Date=ahead) == 40.0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry_after_ms": "1500"}, 1.5),
        ({"retry_after_ms": "1500", "retry_after": "60"}, 1.5),
        ({"x_ratelimit_reset_requests": "1m30s"}, 90.0),
        ({"x_ratelimit_reset_requests": "6m0s"}, 360.0),
        ({"x_ratelimit_reset_requests": "20ms"}, 0.02),
        ({"x_ratelimit_reset_requests": "1h2m3.5s"}, 3_723.5),
        ({"x_ratelimit_reset_requests": "1d"}, 86_400.0),
        ({"x_ratelimit_reset_tokens": "2s"}, 2.0),
        ({"x_ratelimit_reset": "12"}, 12.0),
        ({"x_ratelimit_reset": "tomorrow"}, None),
        ({"retry_after": "5", "x_ratelimit_reset_requests": "1m30s"}, 5.0),
        ({"retry_after": "odd", "x_ratelimit_reset_requests": "1m30s"}, 90.0),
        ({}, None),
    ],
)
def test_other_headers_are_read(headers: dict[str, str], expected: float | None) -> None:
    assert seconds(**headers) == (None if expected is None else pytest.approx(expected))


def test_reset_as_a_time_is_compared_with_the_clock() -> None:
    now = 1_700_000_000.0
    for value in ("1700000012", "1700000012000"):
        assert seconds_to_wait({"x-ratelimit-reset": value}, limited=True, now=now) == pytest.approx(12.0)


def test_reset_counts_for_a_limited_endpoint_only() -> None:
    assert seconds(limited=False, x_ratelimit_reset_requests="1m30s") is None
    assert seconds(limited=False, retry_after="3") == 3.0


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Please try again in 20s.", 20.0),
        ("Please try again in 1m12.5s. Visit", 72.5),
        ("Please try again in 6ms", 0.006),
        ("Please retry after 20 seconds", 20.0),
        ("Please retry in 34.07s.", 34.07),
        ("{'@type': 'RetryInfo', 'retryDelay': '34s'}", 34.0),
        ("try again later", None),
        ("", None),
    ],
)
def test_seconds_in_a_message_are_read(message: str, expected: float | None) -> None:
    assert seconds_in_message(message) == (None if expected is None else pytest.approx(expected))


@given(st.text(max_size=40))
def test_any_header_is_none_or_seconds(value: str) -> None:
    for name in ("retry_after", "x_ratelimit_reset", "retry_after_ms"):
        found = seconds(**{name: value})
        assert found is None or found >= 0
