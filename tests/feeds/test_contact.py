"""The time between two polls: how long there was no contact, and what may have been missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watcher.feeds.contact import missed_entries, without_contact_since
from watcher.feeds.plan import Limits, PollState
from watcher.feeds.silence import Habit, NewsWeek

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LIMITS = Limits(every=15 * MINUTE, fastest=2 * MINUTE, slowest=DAY)


def since(state: PollState, due_at: datetime | None) -> datetime | None:
    return without_contact_since(state, due_at=due_at, limits=LIMITS, now=NOW)


def test_a_poll_in_time_ends_no_time_without_contact() -> None:
    """Also if it is some seconds late."""
    good = PollState(polled_at=NOW - HOUR)
    for late in (timedelta(), timedelta(seconds=50), -HOUR):
        assert since(good, NOW - late) is None


def test_a_poll_after_a_stop_counts_from_the_moment_for_which_it_was_planned() -> None:
    """The interval itself was planned, and does not count."""
    assert since(PollState(polled_at=NOW - 9 * HOUR), NOW - 8 * HOUR) == NOW - 8 * HOUR


def test_after_a_failure_all_the_time_since_it_counts() -> None:
    """The time before it was counted when it failed."""
    assert since(PollState(polled_at=NOW - 3 * HOUR, failed_polls=2), NOW) == NOW - 3 * HOUR


def test_a_poll_out_of_turn_counts_what_exceeds_the_slowest_interval() -> None:
    """`once` is due whenever it is called."""
    assert since(PollState(polled_at=NOW - 10 * HOUR), NOW) is None
    assert since(PollState(polled_at=NOW - 4 * DAY), NOW) == NOW - 4 * DAY + 1.1 * DAY


def test_a_new_feed_counts_from_its_subscription() -> None:
    """It was due at once."""
    assert since(PollState(), NOW - 2 * HOUR) == NOW - 2 * HOUR
    assert since(PollState(), None) is None


def test_a_clock_that_was_set_back_counts_nothing() -> None:
    """The last poll lies in the future."""
    assert since(PollState(polled_at=NOW + DAY, failed_polls=1), NOW) == NOW
    assert since(PollState(polled_at=NOW + DAY), NOW + DAY) is None


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ([NOW - 10 * MINUTE * n for n in range(10)], 8),  # the oldest is 90 minutes old, the last body 3 hours
        ([NOW - 30 * MINUTE * n for n in range(10)], 0),  # the oldest is older than the last body
        ([NOW - 20 * MINUTE * n for n in range(9)], 0),
    ],
)
def test_missed_entries_are_estimated_from_dates(published: list[datetime], expected: int) -> None:
    """The pace of the entries that are listed, continued back to the last body."""
    found = missed_entries(published, Habit(), listed=len(published), since=NOW - 3 * HOUR, now=NOW)
    assert found == expected


def test_without_dates_the_pace_of_the_last_weeks_counts() -> None:
    """96 a day would have brought 48 in twelve hours; twenty are listed."""
    week = int(NOW.timestamp() // 604_800)
    begun = (NOW.timestamp() - (week - 1) * 604_800) / 86_400
    weeks = (NewsWeek(week - 2, 1, 5, 0), NewsWeek(week - 1, 90, round(96 * begun), 60))
    found = missed_entries([], Habit(weeks=weeks), listed=20, since=NOW - 12 * HOUR, now=NOW)
    assert abs(found - 28) <= 1


def test_of_an_unknown_pace_nothing_is_estimated() -> None:
    """Neither dates nor weeks; dates that are all the same; dates in the future."""
    for published in ([], [NOW - HOUR] * 20, [NOW + HOUR, NOW + DAY]):
        assert missed_entries(published, Habit(), listed=20, since=NOW - DAY, now=NOW) == 0


def test_an_estimate_has_a_limit() -> None:
    """A feed that dates its entries a microsecond apart."""
    published = [NOW, NOW - timedelta(microseconds=1)]
    assert missed_entries(published, Habit(), listed=2, since=NOW - 400 * DAY, now=NOW) == 100_000
