"""Tests of outage detection, with a clock of their own."""

import pytest

from openmedlm.inference.errors import EndpointDownError, EndpointError
from openmedlm.inference.outage import (
    MIN_FAILED_REQUESTS,
    MIN_FAILED_RESPONSES,
    MIN_KEY_FAILURES,
    OUTAGE_SECONDS,
    OutageDetector,
)
from openmedlm.inference.request import Request
from openmedlm.programs import SamplingParams

FAILED = EndpointError("HTTP 502: gone", status=502, transient=True)
REQUESTS = [Request(f"prompt {number}", SamplingParams(max_tokens=8)) for number in range(MIN_FAILED_REQUESTS)]


def test_outage_is_detected_after_its_seconds() -> None:
    detector = OutageDetector()
    for request in REQUESTS:
        detector.record_transient_failure(5.0, request, FAILED)
    detector.record_transient_failure(4.9 + OUTAGE_SECONDS, REQUESTS[0], FAILED)
    with pytest.raises(EndpointDownError, match="HTTP 502: gone"):
        detector.record_transient_failure(5.0 + OUTAGE_SECONDS, REQUESTS[0], FAILED)


def test_response_ends_an_outage() -> None:
    detector = OutageDetector()
    for request in REQUESTS:
        detector.record_transient_failure(0.0, request, FAILED)
    detector.record_success()
    for request in REQUESTS:
        detector.record_transient_failure(OUTAGE_SECONDS, request, FAILED)


def test_single_failing_request_is_no_outage() -> None:
    detector = OutageDetector()
    for attempt in range(20):
        detector.record_transient_failure(attempt * OUTAGE_SECONDS, REQUESTS[0], FAILED)


def test_connection_errors_of_one_request_are_an_outage() -> None:
    detector, refused = OutageDetector(), EndpointError("connection refused", failure="connection", transient=True)
    for attempt in range(MIN_FAILED_REQUESTS - 1):
        detector.record_transient_failure(attempt * OUTAGE_SECONDS, REQUESTS[0], refused)
    with pytest.raises(EndpointDownError):
        detector.record_transient_failure(10 * OUTAGE_SECONDS, REQUESTS[0], refused)


@pytest.mark.parametrize(("status", "failures"), [(401, 1), (404, 1), (400, MIN_FAILED_REQUESTS)])
def test_endpoint_that_never_answered_is_down(status: int, failures: int) -> None:
    detector = OutageDetector()
    results = [detector.record_final_failure(EndpointError("no", status=status)) for _ in range(failures)]
    assert results == [False] * (failures - 1) + [True]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_endpoint_that_answered_is_not_down(status: int) -> None:
    detector = OutageDetector()
    detector.record_success()
    assert not any(detector.record_final_failure(EndpointError("no", status=status)) for _ in range(20))


def test_key_is_refused_although_the_cache_has_answers() -> None:
    detector = OutageDetector()
    detector.has_answered = True
    assert detector.record_final_failure(EndpointError("no", status=401, cause="key"))


def test_key_that_worked_is_revoked_after_several_refusals() -> None:
    detector, revoked = OutageDetector(), EndpointError("no", status=401, cause="key")
    detector.record_success()
    assert not detector.record_final_failure(revoked)
    detector.record_success()
    results = [detector.record_final_failure(revoked) for _ in range(MIN_KEY_FAILURES)]
    assert results == [False] * (MIN_KEY_FAILURES - 1) + [True]


def test_spent_quota_is_down_at_once() -> None:
    detector = OutageDetector()
    detector.record_success()
    assert detector.record_final_failure(EndpointError("spent", status=429, cause="quota"))


def test_errors_inside_responses_are_down_after_many() -> None:
    detector = OutageDetector()
    failed = EndpointError("upstream", transient=True, in_response=True)
    results = [detector.record_final_failure(failed) for _ in range(MIN_FAILED_RESPONSES)]
    assert results == [False] * (MIN_FAILED_RESPONSES - 1) + [True]
