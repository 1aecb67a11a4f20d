"""Judges the time between two polls: how long there was no contact with the feed, and what may have been missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from watcher.feeds.interval import JITTER
from watcher.feeds.plan import Limits, PollState
from watcher.feeds.silence import Habit

GRACE = timedelta(minutes=1)  # a poll may be that late
_LATEST = 1 + JITTER  # of the slowest interval
_MOST_MISSED = 100_000


def without_contact_since(
    state: PollState, *, due_at: datetime | None, limits: Limits, now: datetime
) -> datetime | None:
    """The moment from which there was no contact until this poll, as far as earlier polls have not counted it.

    That is the last poll if it failed, else the moment for which this one was planned (`due_at`). None if there was
    contact all the time: the poll came in time.
    """
    if state.failed_polls and state.polled_at:
        return min(state.polled_at, now)
    planned = due_at or now
    if state.polled_at is not None:  # a poll out of turn is due now, however late it is
        planned = min(planned, state.polled_at + limits.slowest * _LATEST)
    return planned if now - planned > GRACE else None


def missed_entries(published: Sequence[datetime], habit: Habit, *, listed: int, since: datetime, now: datetime) -> int:
    """Estimates the entries that came and went since the last body, of which nothing is left.

    `published`: the dates of the entries that are listed now. Their pace, continued back to the last body, gives the
    number; without dates it is the pace of the last weeks, less the `listed` entries.
    """
    dates = sorted(moment for moment in published if moment <= now)
    if len(dates) >= 2 and 2 * len(dates) >= listed and dates[-1] > dates[0]:
        between = (dates[-1] - dates[0]) / (len(dates) - 1)
        return _bounded(ceil((dates[0] - since) / between) - 1)  # the first of them was in the last body
    return _bounded(int(_pace(habit, now=now) * (now - since).total_seconds()) - listed)


def _bounded(estimate: int) -> int:
    return min(max(estimate, 0), _MOST_MISSED)


def _pace(habit: Habit, *, now: datetime) -> float:
    """Entries per second in the last weeks; the first week is not whole, so it is left out if there are others."""
    whole = habit.weeks[1:]
    if not whole:
        return 0.0
    seconds = now.timestamp() - whole[0].week * 604_800
    return sum(week.entries for week in whole) / seconds if seconds > 0 else 0.0
