"""What becomes of a delivery after an attempt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.alerts.backoff import LONGEST, SHORTEST
from watcher.alerts.channel import CHAT_EXPIRES_AFTER
from watcher.alerts.decide import PARK_AFTER, Decision, Disposition, decide
from watcher.model import AttemptOutcome, Verdict

FAILURES = [AttemptOutcome.NOT_SENT, AttemptOutcome.AMBIGUOUS, AttemptOutcome.THROTTLED]


def after(
    outcome: AttemptOutcome,
    *,
    wait: timedelta | None = None,
    has_simpler: bool = False,
    age: timedelta = timedelta(hours=1),
    failing_for: timedelta = timedelta(0),
    retried_for: timedelta = timedelta(0),
    throttled: int = 0,
    expires_after: timedelta | None = None,
) -> Decision:
    return decide(
        Verdict(outcome=outcome, wait=wait),
        attempt=1,
        age=age,
        failing_for=failing_for,
        retried_for=retried_for,
        throttled=throttled,
        jitter=0,
        has_simpler=has_simpler,
        expires_after=expires_after,
    )


@pytest.mark.parametrize(
    ("outcome", "fate"),
    [
        (AttemptOutcome.DELIVERED, Disposition.DELIVERED),
        (AttemptOutcome.NOT_SENT, Disposition.RETRY),
        (AttemptOutcome.AMBIGUOUS, Disposition.RETRY),
        (AttemptOutcome.THROTTLED, Disposition.RETRY),
        (AttemptOutcome.REFUSED, Disposition.DEAD),
        (AttemptOutcome.GONE, Disposition.PARK),
    ],
)
def test_each_outcome_has_its_fate(outcome: AttemptOutcome, fate: Disposition) -> None:
    """Delivered, retried, dropped, or parked with its channel."""
    assert after(outcome).fate is fate


def test_refused_payload_gets_one_simpler_try() -> None:
    """Only while there is a simpler form."""
    assert after(AttemptOutcome.REFUSED, has_simpler=True).fate is Disposition.SIMPLER


def test_throttling_costs_no_attempt_and_slows_the_whole_channel() -> None:
    """The channel waits as long as it asked for, and the attempt does not count."""
    decision = after(AttemptOutcome.THROTTLED, wait=timedelta(minutes=3))
    assert (decision.wait, decision.slows_channel, decision.counts) == (timedelta(minutes=3), True, False)


@pytest.mark.parametrize("outcome", FAILURES)
def test_what_is_too_old_for_a_chat_expires_into_a_digest(outcome: AttemptOutcome) -> None:
    """After twenty hours an alert is too old; a channel without such a limit is retried."""
    old = timedelta(hours=20)
    assert after(outcome, age=old, expires_after=CHAT_EXPIRES_AFTER).fate is Disposition.EXPIRE
    assert after(outcome, age=old - timedelta(seconds=1), expires_after=CHAT_EXPIRES_AFTER).fate is Disposition.RETRY
    assert after(outcome, age=old).fate is Disposition.RETRY


@pytest.mark.parametrize("outcome", FAILURES)
def test_channel_that_takes_nothing_for_days_is_parked(outcome: AttemptOutcome) -> None:
    """Its queue is kept, though the delivery is old as well."""
    long = PARK_AFTER + timedelta(seconds=1)
    for old in (timedelta(0), long, 10 * long):
        for retried in (timedelta(0), old):
            parked = after(outcome, age=old, failing_for=long, retried_for=retried, expires_after=CHAT_EXPIRES_AFTER)
            assert parked.fate is Disposition.PARK


@pytest.mark.parametrize("outcome", FAILURES)
def test_delivery_that_never_arrives_where_others_do_is_dead(outcome: AttemptOutcome) -> None:
    """After twice as long; throttling says nothing about a delivery, and neither does its age alone."""
    long = 2 * PARK_AFTER + timedelta(seconds=1)
    fate = Disposition.RETRY if outcome is AttemptOutcome.THROTTLED else Disposition.DEAD
    assert after(outcome, age=long, retried_for=long).fate is fate
    assert after(outcome, age=long, retried_for=long, expires_after=CHAT_EXPIRES_AFTER).fate is Disposition.EXPIRE
    assert after(outcome, age=100 * long).fate is Disposition.RETRY


@given(st.sampled_from([AttemptOutcome.NOT_SENT, AttemptOutcome.AMBIGUOUS]), st.integers(1, 1000), st.floats(0, 1))
def test_retries_wait_within_the_back_off(outcome: AttemptOutcome, attempt: int, jitter: float) -> None:
    """Five seconds to ten hours, whatever number the attempt has."""
    decision = decide(
        Verdict(outcome=outcome),
        attempt=attempt,
        age=timedelta(0),
        failing_for=timedelta(0),
        retried_for=timedelta(0),
        throttled=0,
        jitter=jitter,
        has_simpler=True,
        expires_after=None,
    )
    assert decision.fate is Disposition.RETRY
    assert SHORTEST <= decision.wait <= LONGEST


def test_the_edges_of_patience() -> None:
    """Three days of failures park a channel, six days end a delivery: both only once they have passed."""
    moment = timedelta(microseconds=1)
    assert after(AttemptOutcome.NOT_SENT, failing_for=PARK_AFTER).fate is Disposition.RETRY
    assert after(AttemptOutcome.NOT_SENT, failing_for=PARK_AFTER + moment).fate is Disposition.PARK
    assert after(AttemptOutcome.NOT_SENT, retried_for=2 * PARK_AFTER).fate is Disposition.RETRY
    assert after(AttemptOutcome.NOT_SENT, retried_for=2 * PARK_AFTER + moment).fate is Disposition.DEAD


def test_a_throttled_channel_waits_a_second_at_least() -> None:
    """Whatever shorter time it asks for."""
    assert after(AttemptOutcome.THROTTLED, wait=timedelta(0)).wait == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("throttled", "unasked", "asked_a_second", "asked_an_hour"),
    [
        (0, 5, 1, 3600),
        (1, 20, 5, 3600),
        (2, 80, 20, 3600),
        (4, 1280, 320, 3600),
        (5, 5120, 600, 3600),
        (7, 27000, 600, 3600),
        (100, 27000, 600, 3600),
    ],
)
def test_throttling_in_a_row_waits_longer(
    throttled: int, unasked: int, asked_a_second: int, asked_an_hour: int
) -> None:
    """By the back-off where no time is asked for. Where one is, never less, and up to ten minutes at least."""
    for wait, seconds in ((None, unasked), (1, asked_a_second), (3600, asked_an_hour)):
        asked = None if wait is None else timedelta(seconds=wait)
        decision = after(AttemptOutcome.THROTTLED, wait=asked, throttled=throttled)
        assert decision.wait == timedelta(seconds=seconds)
        assert (decision.slows_channel, decision.counts) == (True, False)
