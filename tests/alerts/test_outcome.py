"""Answers and failures in general, and the waits between attempts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.samples import NOW
from watcher.alerts.backoff import LONGEST, SHORTEST, back_off
from watcher.alerts.outcome import of_failure, of_status
from watcher.errors import AddressRefused, FetchError, FetchFailure
from watcher.model import AttemptOutcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, AttemptOutcome.DELIVERED),
        (204, AttemptOutcome.DELIVERED),
        (301, AttemptOutcome.GONE),
        (302, AttemptOutcome.NOT_SENT),
        (400, AttemptOutcome.REFUSED),
        (401, AttemptOutcome.GONE),
        (403, AttemptOutcome.GONE),
        (404, AttemptOutcome.GONE),
        (408, AttemptOutcome.AMBIGUOUS),
        (410, AttemptOutcome.GONE),
        (413, AttemptOutcome.REFUSED),
        (422, AttemptOutcome.REFUSED),
        (429, AttemptOutcome.THROTTLED),
        (500, AttemptOutcome.AMBIGUOUS),
        (502, AttemptOutcome.AMBIGUOUS),
        (503, AttemptOutcome.AMBIGUOUS),
        (504, AttemptOutcome.AMBIGUOUS),
    ],
)
def test_status_has_its_usual_meaning(status: int, outcome: AttemptOutcome) -> None:
    """Delivered, retried, throttled, refused or gone, by status alone."""
    assert of_status(status, {}, NOW).outcome is outcome


def test_503_with_retry_after_is_throttling() -> None:
    """A server that says when to return is asked again then."""
    verdict = of_status(503, {"retry-after": "120"}, NOW)
    assert (verdict.outcome, verdict.wait) == (AttemptOutcome.THROTTLED, timedelta(minutes=2))


def test_retry_after_is_bounded_to_a_day() -> None:
    """A channel that asks for more is tried after a day; an unreadable value leaves the wait to the back-off."""
    assert of_status(429, {"retry-after": "99999999"}, NOW).wait == timedelta(days=1)
    assert of_status(429, {"retry-after": "soon"}, NOW).wait is None
    assert of_status(429, {}, NOW).wait is None


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (FetchError(FetchFailure.DNS, "x"), AttemptOutcome.NOT_SENT),
        (FetchError(FetchFailure.CONNECT, "x"), AttemptOutcome.NOT_SENT),
        (FetchError(FetchFailure.TLS, "x"), AttemptOutcome.NOT_SENT),
        (FetchError(FetchFailure.TIMEOUT, "x"), AttemptOutcome.NOT_SENT),
        (FetchError(FetchFailure.TIMEOUT, "x", sent=True), AttemptOutcome.AMBIGUOUS),
        (FetchError(FetchFailure.BAD_RESPONSE, "x", sent=True), AttemptOutcome.AMBIGUOUS),
        (FetchError(FetchFailure.TOO_LARGE, "x", sent=True), AttemptOutcome.AMBIGUOUS),
        (FetchError(FetchFailure.INVALID_URL, "x"), AttemptOutcome.GONE),
        (AddressRefused("x"), AttemptOutcome.GONE),
    ],
)
def test_failure_is_ambiguous_only_if_the_request_went_out(error: FetchError, outcome: AttemptOutcome) -> None:
    """What was surely not sent is retried without doubt; an address that can't be used parks the channel."""
    assert of_failure(error).outcome is outcome


def test_failure_reason_does_not_quote_the_error() -> None:
    """An error's text may hold the webhook's URL; the reason does not."""
    assert "geheim" not in of_failure(FetchError(FetchFailure.CONNECT, "https://a.example/geheim")).reason


@given(st.integers(-5, 10_000), st.floats(allow_nan=False))
def test_back_off_stays_between_five_seconds_and_ten_hours(attempt: int, jitter: float) -> None:
    """Whatever the attempt and the jitter."""
    assert SHORTEST <= back_off(attempt, jitter) <= LONGEST


def test_back_off_grows_and_jitter_spreads_it() -> None:
    """5 s first, ten hours at last, a third apart by jitter."""
    assert back_off(1, 0) == timedelta(seconds=5)
    assert back_off(2, 0) == timedelta(seconds=20)
    assert back_off(2, 1) == timedelta(seconds=80) / 3
    assert back_off(50, 1) == timedelta(hours=10)
    waits = [back_off(attempt, 0.5) for attempt in range(1, 12)]
    assert waits == sorted(waits)
