"""Reads the moments that options such as `--since` name."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import click

from watcher.config import parse_duration


def start_of(text: str | None, *, option: str, timezone: str, now: datetime) -> datetime | None:
    """Converts the value of an option that begins a span of time. Raises click.UsageError."""
    if text is None:
        return None
    try:
        return moment_of(text, timezone=timezone, now=now)
    except ValueError as error:
        raise click.UsageError(str(error).replace("--since", option, 1)) from error


def end_of(text: str | None, *, option: str, timezone: str, now: datetime) -> datetime | None:
    """Converts the value of an option that ends a span of time; a day is part of the span. Raises click.UsageError."""
    try:
        day = date.fromisoformat(text or "")
        return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone))
    except (ValueError, OverflowError):
        return start_of(text, option=option, timezone=timezone, now=now)


def moment_of(text: str, *, timezone: str, now: datetime) -> datetime:
    """Converts `24h` to a day ago, and a date or time without zone to one in the time zone. Raises ValueError."""
    try:
        return now - parse_duration(text)
    except (ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f'--since {text!r} is neither a duration such as "24h" nor a date or time') from error
    if not MINYEAR < moment.year < MAXYEAR:  # not every time zone can show it
        raise ValueError(f"--since {text!r} is outside of the years 2 to 9998")
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))


def span_of(
    since: str | None, until: str | None, *, timezone: str, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Converts `--since` and `--until` to moments; a day of `--until` is included. Raises ValueError."""
    first = moment_of(since, timezone=timezone, now=now) if since is not None else None
    if until is None:
        return first, None
    try:
        return first, _day_after(until, timezone) or moment_of(until, timezone=timezone, now=now)
    except ValueError as error:
        raise ValueError(str(error).replace("--since", "--until", 1)) from error


def _day_after(text: str, timezone: str) -> datetime | None:
    """Returns the end of a day, None for a text that is not a day."""
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(timezone))
    except (ValueError, OverflowError):
        return None
