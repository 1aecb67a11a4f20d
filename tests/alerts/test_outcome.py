"""Answers and failures in general, and the waits between attempts."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.samples import NOW
from watcher.alerts.backoff import LONGEST, SHORTEST, back_off
from watcher.alerts.outcome import LEASE_LOST, asked_wait, of_failure, of_status
from watcher.errors import AddressRefused, FetchError, FetchFailure
from watcher.model import Outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.DELIVERED),
        (204, Outcome.DELIVERED),
        (301, Outcome.GONE),
        (302, Outcome.NOT_SENT),
        (400, Outcome.REFUSED),
        (401, Outcome.GONE),
        (403, Outcome.GONE),
        (404, Outcome.GONE),
        (408, Outcome.AMBIGUOUS),
        (410, Outcome.GONE),
        (413, Outcome.REFUSED),
        (422, Outcome.REFUSED),
        (429, Outcome.THROTTLED),
        (500, Outcome.AMBIGUOUS),
        (502, Outcome.AMBIGUOUS),
        (503, Outcome.AMBIGUOUS),
        (504, Outcome.AMBIGUOUS),
    ],
)
def test_status_has_its_usual_meaning(status: int, outcome: Outcome) -> None:
    """Delivered, retried, throttled, refused or gone, by status alone."""
    assert of_status(status, {}, NOW).outcome is outcome


def test_503_with_retry_after_is_throttling() -> None:
    """A server that says when to return is asked again then."""
    verdict = of_status(503, {"retry-after": "120"}, NOW)
    assert (verdict.outcome, verdict.wait) == (Outcome.THROTTLED, timedelta(minutes=2))


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("30", timedelta(seconds=30)),
        ("1.5", timedelta(seconds=1.5)),
        ("-5", None),
        ("999999999999999999999", timedelta(days=1)),
        ("99999999", timedelta(days=1)),
        ("nan", None),
        ("soon", None),
        ("", None),
        (format_datetime(NOW + timedelta(minutes=3), usegmt=True), timedelta(minutes=3)),
        (format_datetime(NOW - timedelta(minutes=3), usegmt=True), timedelta(0)),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_bounded(value: str, wait: timedelta | None) -> None:
    """At most a day, never negative; None for what can't be read."""
    assert asked_wait({"retry-after": value}, NOW) == wait


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (FetchError(FetchFailure.DNS, "x"), Outcome.NOT_SENT),
        (FetchError(FetchFailure.CONNECT, "x"), Outcome.NOT_SENT),
        (FetchError(FetchFailure.TLS, "x"), Outcome.NOT_SENT),
        (FetchError(FetchFailure.TIMEOUT, "x"), Outcome.NOT_SENT),
        (FetchError(FetchFailure.TIMEOUT, "x", sent=True), Outcome.AMBIGUOUS),
        (FetchError(FetchFailure.BAD_RESPONSE, "x", sent=True), Outcome.AMBIGUOUS),
        (FetchError(FetchFailure.TOO_LARGE, "x", sent=True), Outcome.AMBIGUOUS),
        (FetchError(FetchFailure.INVALID_URL, "x"), Outcome.GONE),
        (AddressRefused("x"), Outcome.GONE),
    ],
)
def test_failure_is_ambiguous_only_if_the_request_went_out(error: FetchError, outcome: Outcome) -> None:
    """What was surely not sent is retried without doubt; an address that can't be used parks the channel."""
    assert of_failure(error).outcome is outcome


def test_failure_reason_does_not_quote_the_error() -> None:
    """An error's text may hold the webhook's URL; the reason does not."""
    assert "geheim" not in of_failure(FetchError(FetchFailure.CONNECT, "https://a.example/geheim")).reason
    assert LEASE_LOST.outcome is Outcome.AMBIGUOUS


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
