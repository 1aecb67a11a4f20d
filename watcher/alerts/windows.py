"""Computes when a channel may be notified: digests, quiet hours and a limit per hour, with clock changes. Pure.

Wall-clock times become moments here. A time that occurs twice (clocks set back) means the first; a time that is skipped
(clocks set forward) means the moment of the change: so each day has its digest once, and quiet hours always end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from watcher.model import AlertKind

HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The times at which one channel may be notified; None sets no limit. `digest`: a cron expression."""

    timezone: ZoneInfo
    digest: str | None = None
    quiet: tuple[time, time] | None = None
    max_per_hour: int | None = None

    def opens_at(
        self, now: datetime, *, kind: AlertKind, urgent: bool, sent: Sequence[datetime]
    ) -> tuple[datetime, str]:
        """Returns when a delivery that is due may be sent, and the reason for the wait; `now` and "" if there is none.

        `sent`: when the channel was notified in the last hour, oldest first. An `urgent` delivery ignores quiet hours.
        """
        if self.digest is not None and kind is not AlertKind.DIGEST:
            return next_time(self.digest, self.timezone, now), ""
        if not urgent and (until := self.quiet_until(now)):
            return until, self.quiet_reason
        if self.max_per_hour is None:
            return now, ""
        recent = [moment for moment in sent if moment > now - HOUR]
        if len(recent) >= self.max_per_hour:
            return recent[-self.max_per_hour] + HOUR, f"More than {self.max_per_hour} alerts in an hour."
        return now, ""

    def next_digest(self, now: datetime) -> datetime | None:
        """Returns the moment of the next digest, None for a channel without digests."""
        return next_time(self.digest, self.timezone, now) if self.digest else None

    def quiet_until(self, now: datetime) -> datetime | None:
        """Returns the end of the quiet hours around `now`, None outside of quiet hours."""
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
        """The sentence that explains the wait to the reader of a digest."""
        start, end = self.quiet or (time(), time())
        return f"Held back in quiet hours ({start:%H:%M}–{end:%H:%M})."

    def latest(self, now: datetime) -> datetime:
        """Returns an upper bound for the moment at which a delivery that waits now is due."""
        return max(self.next_digest(now) or now, self.quiet_until(now) or now, now + HOUR)


def next_time(cron: str, timezone: ZoneInfo, now: datetime) -> datetime:
    """Returns the first moment after `now` that a cron expression names, by the wall clock of the time zone."""
    wall_clock = now.astimezone(timezone).replace(tzinfo=None)
    for due in CronSim(cron, wall_clock):  # without a zone: `moment_of` knows the clock changes
        moment = moment_of(due.date(), due.time(), timezone)
        if moment > now:
            return moment
    raise ValueError("the digest names a day that never comes")


def moment_of(day: date, at: time, timezone: ZoneInfo) -> datetime:
    """Returns the first moment, in UTC, at which the wall clock shows `at` on that day, or a later time.

    A later time: where the clocks are set forward past `at`.
    """
    wall = datetime.combine(day, at.replace(fold=0))
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
