"""Days as numbers: in the time zone of the corpus, whose days have 23, 24 or 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.text.days import date_of_day, day_number, seconds_by_day

HOUR = 3600
MOMENTS = st.timedeltas(timedelta(), timedelta(days=48 * 365)).map(
    lambda since: datetime(1990, 1, 1, tzinfo=UTC) + since
)
ZONES = ("Europe/Berlin", "America/Havana", "Africa/Cairo", "Pacific/Apia", "Asia/Kathmandu", "America/Asuncion")


def test_the_day_is_that_of_the_time_zone() -> None:
    """Half past ten in the evening in UTC is the next day in Berlin in summer."""
    moment = datetime(2026, 7, 31, 22, 30, tzinfo=UTC)
    assert date_of_day(day_number(moment, "UTC")) == date(2026, 7, 31)
    assert date_of_day(day_number(moment, "Europe/Berlin")) == date(2026, 8, 1)
    assert day_number(datetime(1970, 1, 2, tzinfo=UTC), "UTC") == 1


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 3, 30), 24), (date(2026, 10, 25), 25)], ids=str
)
def test_a_day_has_its_own_length(day: date, hours: int) -> None:
    """An hour less when summer time begins, one more when it ends."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    found = dict(seconds_by_day(noon - timedelta(days=3), noon + timedelta(days=3), "Europe/Berlin"))
    assert found[day_number(noon, "Europe/Berlin")] == hours * HOUR


@given(MOMENTS, st.timedeltas(timedelta(), timedelta(days=399)), st.sampled_from(ZONES))
def test_the_seconds_of_the_days_add_up(start: datetime, length: timedelta, timezone: str) -> None:
    """Also where clocks change at midnight, and where a day was left out; each day comes once, in order."""
    found = list(seconds_by_day(start, start + length, timezone))
    days = [day for day, _ in found]
    assert days == sorted(set(days))
    assert abs(sum(seconds for _, seconds in found) - length.total_seconds()) <= 1
    assert all(day_number(start, timezone) <= day <= day_number(start + length, timezone) for day in days)


def test_of_a_very_long_time_the_last_days_count() -> None:
    """A clock that was wrong by centuries does not make a row for each of their days."""
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    found = list(seconds_by_day(datetime(1700, 1, 1, tzinfo=UTC), now, "Europe/Berlin"))
    assert len(found) == 401
    assert found[-1] == (day_number(now, "Europe/Berlin"), 13 * HOUR)
    assert list(seconds_by_day(now, now, "UTC")) == []
