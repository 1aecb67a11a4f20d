"""When a channel may be told: digests, quiet hours, so many an hour; in a time zone with its clock changes. Pure.

Wall-clock times become moments here. One that occurs twice (clocks set back) means the first; one that is skipped
(clocks set forward) means the moment of the change: so each day has its digest once, and quiet hours always end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from watcher.config.schedule import Timetable
from watcher.model import AlertKind

HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_FARTHEST_DAYS = 8 * 366  # 29 February may be eight years away


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When one channel may be told. `quiet`: from and until. What is None does not limit it."""

    timezone: ZoneInfo
    digest: Timetable | None = None
    quiet: tuple[time, time] | None = None
    max_per_hour: int | None = None

    def opens_at(
        self, now: datetime, *, kind: AlertKind, urgent: bool, told: Sequence[datetime]
    ) -> tuple[datetime, str]:
        """When something may be told that could go now, and why not before; `now` and "" if it may go.

        `told`: when the channel was told in the last hour, oldest first. What is `urgent` goes in quiet hours too.
        """
        if self.digest is not None and kind is not AlertKind.DIGEST:
            return next_time(self.digest, self.timezone, now), ""
        if not urgent and (until := self.quiet_until(now)):
            return until, self.quiet_reason
        if self.max_per_hour is None:
            return now, ""
        recent = [moment for moment in told if moment > now - HOUR]
        if len(recent) >= self.max_per_hour:
            return recent[-self.max_per_hour] + HOUR, f"More than {self.max_per_hour} alerts in an hour."
        return now, ""

    def quiet_until(self, now: datetime) -> datetime | None:
        """The end of the quiet hours that `now` lies in, None if it lies in none."""
        if self.quiet is None:
            return None
        start, end = self.quiet
        today = now.astimezone(self.timezone).date()
        for day in (today - _DAY, today):
            begins = moment_of(day, start, self.timezone)
            ends = moment_of(day if start < end else day + _DAY, end, self.timezone)
            if begins <= now < ends:
                return ends
        return None

    @property
    def quiet_reason(self) -> str:
        """Why a digest comes after quiet hours, for its reader."""
        start, end = self.quiet or (time(), time())
        return f"Held back in quiet hours ({start:%H:%M}–{end:%H:%M})."

    def latest(self, now: datetime) -> datetime:
        """No digest that waits now can be meant for a later moment than this."""
        after_digest = next_time(self.digest, self.timezone, now) if self.digest else now
        return max(after_digest, self.quiet_until(now) or now, now + HOUR)


def next_time(timetable: Timetable, timezone: ZoneInfo, now: datetime) -> datetime:
    """The first moment after `now` that the timetable names."""
    today = now.astimezone(timezone).date()
    for number in range(-1, _FARTHEST_DAYS):
        day = today + number * _DAY
        if timetable.includes(day):
            later = [moment for at in timetable.times if (moment := moment_of(day, at, timezone)) > now]
            if later:
                return min(later)
    raise ValueError("the timetable names a day that never comes")


def moment_of(day: date, at: time, timezone: ZoneInfo) -> datetime:
    """The first moment, in UTC, at which the wall clock of that day shows `at` or, skipping it, a later time."""
    wall = datetime.combine(day, at)
    early = wall.replace(tzinfo=timezone).astimezone(UTC)
    if early.astimezone(timezone).replace(tzinfo=None) == wall:
        return early
    late, early = early, wall.replace(tzinfo=timezone, fold=1).astimezone(UTC)
    before = early.astimezone(timezone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(timezone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)
