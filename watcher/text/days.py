"""Calendar days of a time zone as numbers, days since 1970, as the store counts them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_FIRST = date(1970, 1, 1).toordinal()
_MOST_DAYS = 400


def day_number(moment: datetime, timezone: str) -> int:
    """Returns the day of a moment in a time zone (IANA name)."""
    return moment.astimezone(ZoneInfo(timezone)).toordinal() - _FIRST


def number_of_day(day: date) -> int:
    """Returns the number of a date."""
    return day.toordinal() - _FIRST


def date_of_day(number: int) -> date:
    """Returns the date of a day; the inverse of `number_of_day`."""
    return date.fromordinal(number + _FIRST)


def seconds_by_day(start: datetime, end: datetime, timezone: str) -> Iterator[tuple[int, int]]:
    """Yields the days between two moments, each with its seconds; of a very long time only the last 400 days."""
    zone = ZoneInfo(timezone)
    start = max(start, end - timedelta(days=_MOST_DAYS))
    while start < end:
        day = start.astimezone(zone).date()
        midnight = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
        until = min(midnight, end)
        yield day.toordinal() - _FIRST, round((until - start).total_seconds())
        start = until
