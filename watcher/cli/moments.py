"""Reads the moments that options such as `--since` name."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from watcher.config import parse_duration


def moment_of(text: str, *, timezone: str, now: datetime) -> datetime:
    """Converts `24h` to a day ago, and a date or time without zone to one in the time zone. Raises ValueError."""
    try:
        return now - parse_duration(text)
    except (ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))
    except ValueError as error:
        raise ValueError(f'--since {text!r} is neither a duration such as "24h" nor a date or time') from error
