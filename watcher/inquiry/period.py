"""The days that the options `--since` and `--until` name, for answers about whole days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_EARLIEST = datetime(2, 1, 1, tzinfo=UTC)  # not every time zone can show the year 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A span of whole days, both included. None: without a beginning, or an end."""

    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, since: datetime | None, until: datetime | None, *, timezone: str) -> Period:
        """Converts moments to the days on which they are. `until`: the first moment after it."""
        zone = ZoneInfo(timezone)
        last = until - timedelta(microseconds=1) if until else None
        return cls(
            since=max(since, _EARLIEST).astimezone(zone).date() if since else None,
            until=max(last, _EARLIEST).astimezone(zone).date() if last else None,
        )
