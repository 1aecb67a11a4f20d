"""How long a series of attempts has failed, and how often in a row it was throttled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from watcher.alerts.decide import PARK_AFTER
from watcher.alerts.failures import Failure, failing_time, throttled_in_a_row
from watcher.model import AttemptOutcome

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOT_SENT, THROTTLED = AttemptOutcome.NOT_SENT, AttemptOutcome.THROTTLED
outcomes = st.sampled_from([NOT_SENT, AttemptOutcome.AMBIGUOUS, THROTTLED])
moments = st.integers(0, 70 * 366 * 24 * 3600).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def failed(*ago: timedelta, outcome: AttemptOutcome = NOT_SENT) -> list[Failure]:
    return [(NOW - each, outcome) for each in ago]


def test_failures_one_after_the_other_count_in_full() -> None:
    """From the first until now; the first failure of all counts nothing."""
    assert failing_time([], NOW) == timedelta()
    assert failing_time(failed(25 * HOUR, 16 * HOUR, 9 * HOUR, 2 * HOUR), NOW) == 25 * HOUR


def test_time_without_attempts_counts_up_to_the_longest_wait() -> None:
    """Ten hours after a failure, a day after a 429: a machine that was off for a month has proved nothing more."""
    assert failing_time(failed(30 * DAY, 30 * DAY - HOUR), NOW) == 11 * HOUR
    assert failing_time(failed(30 * DAY, outcome=THROTTLED), NOW) == DAY
    assert failing_time(failed(3 * DAY, 2 * DAY, DAY, outcome=THROTTLED), NOW) == 3 * DAY


def test_clock_that_ran_ahead_takes_nothing_off() -> None:
    """A failure in 2036 and the ones after the clock was set right."""
    assert failing_time(failed(5 * HOUR, -3650 * DAY, 3 * HOUR), NOW) == 13 * HOUR


@given(st.lists(st.tuples(moments, outcomes), max_size=4))
def test_no_channel_is_parked_for_fewer_than_five_attempts(failures: list[Failure]) -> None:
    """Three days need at least five attempts, or nine that were not throttled, also where the clock was wrong."""
    if len(failures) <= 3 or all(outcome is not THROTTLED for _, outcome in failures):
        assert failing_time(failures, NOW) <= PARK_AFTER
    assert timedelta() <= failing_time(failures, NOW) <= len(failures) * DAY


def test_only_the_last_throttled_attempts_are_in_a_row() -> None:
    """Another failure in between begins a new row."""
    assert throttled_in_a_row([]) == 0
    assert throttled_in_a_row(failed(HOUR, HOUR, outcome=THROTTLED)) == 2
    assert throttled_in_a_row([*failed(HOUR, outcome=THROTTLED), *failed(HOUR)]) == 0
    assert throttled_in_a_row([*failed(HOUR), *failed(HOUR, outcome=THROTTLED)]) == 1
