"""Decides whether a feed is silent: it answers, but has brought nothing for much longer than usual.

    habit | with_news at each poll that brought entries | silent_at | silence

The patience is three times the longest gap of the last four weeks, and a day at least. Nights, weekends and holidays
are within it. Breaks are not: a silence that ends by itself shows that the patience was too short, so for a year it is
twice as long at least. Values in, values out; `python -m bench.silence` shows false alarms and delays of the rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

WEEKS = 4  # before the one of the last news
FEWEST_POLLS = 5
PATIENCE = 3  # times the longest gap
SHORTEST = timedelta(days=1)
DOUBTED_FOR = timedelta(days=400)  # breaks come once a year, a little earlier or later

_MINUTE = timedelta(minutes=1)
_WEEK = 604_800
_MOST_WEEKS = WEEKS + 1


class NewsWeek(NamedTuple):
    """The polls of one week that brought entries, as four numbers, because every feed keeps a few of them.

    `week`: since 1970; `longest`: the longest gap before one of these polls, in minutes.
    """

    week: int
    polls: int
    entries: int
    longest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """When a feed brought entries in the last weeks. `last_news_at`: the last poll that did.

    `resumed_at`: the end of its last silence; `waited`: the minutes of patience before that was noticed.
    """

    last_news_at: datetime | None = None
    weeks: tuple[NewsWeek, ...] = ()
    resumed_at: datetime | None = None
    waited: int = 0

    @property
    def longest_gap(self) -> timedelta:
        """The longest time between two polls that brought entries."""
        return timedelta(minutes=max((week.longest for week in self.weeks), default=0))


def with_news(habit: Habit, *, entries: int, answered_at: datetime | None, now: datetime) -> Habit:
    """Adds a poll that brought entries.

    `answered_at`: the last poll before it that was answered. Only if that found the feed silent, a silence ends now: a
    stop of watcher or a failure of the feed says nothing of its habit.
    """
    week = int(now.timestamp() // _WEEK)
    gap = max(now - habit.last_news_at, timedelta()) if habit.last_news_at else timedelta()
    kept = [each for each in habit.weeks if week - _MOST_WEEKS < each.week <= week]
    this = kept.pop() if kept and kept[-1].week == week else NewsWeek(week, 0, 0, 0)
    longest = max(this.longest, round(gap / _MINUTE))
    kept.append(NewsWeek(week, this.polls + 1, this.entries + entries, longest))
    updated = replace(habit, last_news_at=now, weeks=tuple(kept))
    if answered_at is None or not silence(habit, now=min(answered_at, now)):
        return updated
    return replace(updated, resumed_at=now, waited=_patience(habit) // _MINUTE)


def silent_at(habit: Habit) -> datetime | None:
    """The moment at which the feed becomes silent if it brings nothing. None: too little is known of it."""
    if habit.last_news_at is None or sum(week.polls for week in habit.weeks) < FEWEST_POLLS:
        return None
    return habit.last_news_at + _patience(habit)


def silence(habit: Habit, *, now: datetime) -> str:
    """Why a feed that answers counts as silent now, "" if it does not."""
    moment = silent_at(habit)
    if moment is None or habit.last_news_at is None or now < moment:
        return ""
    return (
        f"it answers, but has brought nothing new since {habit.last_news_at:%Y-%m-%d %H:%M %Z}; "
        f"before that, its longest gap was {_words(habit.longest_gap)}"
    )


def _patience(habit: Habit) -> timedelta:
    patience = max(PATIENCE * habit.longest_gap, SHORTEST)
    if habit.resumed_at is None or habit.last_news_at is None or habit.last_news_at - habit.resumed_at > DOUBTED_FOR:
        return patience
    return max(patience, 2 * habit.waited * _MINUTE)


def _words(gap: timedelta) -> str:
    """A duration for people: `40 minutes`, `5 hours`, `3 days`."""
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", _MINUTE)):
        if gap >= 2 * length or unit == "minute":
            count = round(gap / length)
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    raise AssertionError("minutes are the last unit")
