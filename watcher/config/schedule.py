"""How moments are written in the config: durations, digests (a time of day or cron), quiet hours. Syntax only.

When such a moment comes, in a time zone with its clock changes, is arithmetic of `watcher.alerts.windows`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time, timedelta

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)")
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_LONGEST = timedelta(days=3650)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CRON = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _WEEKDAYS),
)

_EVERY_DAY = frozenset(range(1, 32))
_EVERY_MONTH = frozenset(range(1, 13))
_EVERY_WEEKDAY = frozenset(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Wall-clock `times`, in order, on the days that cron's fields name; weekdays count from Sunday, 0.

    `either_day`: a day of the month or of the week is enough, as cron has it where both are restricted.
    """

    times: tuple[time, ...]
    days: frozenset[int] = _EVERY_DAY
    months: frozenset[int] = _EVERY_MONTH
    weekdays: frozenset[int] = _EVERY_WEEKDAY
    either_day: bool = False

    def includes(self, day: date) -> bool:
        """Whether the timetable holds on that day."""
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and ((of_month or of_week) if self.either_day else (of_month and of_week))


def parse_duration(text: str) -> timedelta:
    """`"90s"` -> ninety seconds; units ms, s, m, h, d. Raises ValueError with a sentence."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError('must be a duration such as "90s", "15m", "24h" or "2d"')
    duration = float(match[1]) * _UNITS[match[2]]
    if duration > _LONGEST:
        raise ValueError("must be at most ten years (3650d)")
    return duration


def format_duration(duration: timedelta) -> str:
    """The shortest text that `parse_duration` reads as the same duration: `"15m"`."""
    for unit in ("d", "h", "m", "s"):
        if not duration % _UNITS[unit]:
            return f"{duration // _UNITS[unit]}{unit}"
    return f"{duration / _UNITS['s']:g}s"


def parse_quiet(text: str) -> tuple[time, time]:
    """`"22:00-06:30"` -> from and until, wall-clock times of the config's time zone. Raises ValueError."""
    start, dash, end = text.partition("-")
    if not dash or start.strip() == end.strip():
        raise ValueError('must be two different times of day such as "22:00-06:30"')
    return parse_time(start), parse_time(end)


def parse_time(text: str) -> time:
    """`"08:00"` -> that wall-clock time. Raises ValueError with a sentence."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'holds {text.strip()!r}, which is not a time of day such as "08:00"')
    return time(int(match[1]), int(match[2]))


def check_digest(text: str) -> None:
    """Accept `"08:00"` or the five fields of cron, `"0 8 * * mon-fri"`. Raises ValueError with a sentence."""
    parse_digest(text)


def parse_digest(text: str) -> Timetable:
    """`"08:00"` or the five fields of cron -> when digests are due. Raises ValueError with a sentence."""
    fields = text.split()
    if len(fields) == 1:
        moment = parse_time(text)
        return Timetable(times=(moment,))
    if len(fields) != len(_CRON):
        raise ValueError('must be a time of day such as "08:00" or five cron fields such as "0 8 * * mon-fri"')
    minutes, hours, days, months, weekdays = (
        _cron_values(field, *parts) for field, parts in zip(fields, _CRON, strict=True)
    )
    timetable = Timetable(
        times=tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        either_day=not fields[2].startswith("*") and not fields[4].startswith("*"),
    )
    if not any(timetable.includes(date(2024, 1, 1) + timedelta(days=number)) for number in range(8 * 366)):
        raise ValueError("names a day that never comes")
    return timetable


def _cron_values(field: str, name: str, low: int, high: int, names: tuple[str, ...]) -> frozenset[int]:
    values: set[int] = set()
    for part in field.lower().split(","):
        span, slash, step = part.partition("/")
        first, dash, last = ("", "-", "") if span == "*" else span.partition("-")
        start = _cron_number(first, low, names) if first else low
        end = _cron_number(last, low, names) if last else high if span == "*" or slash else start
        stride = int(step) if slash and step.isascii() and step.isdigit() else 1 - bool(slash)
        if not span or not low <= start <= end <= high or stride < 1 or (dash and bool(first) != bool(last)):
            raise ValueError(f"has {field!r} as its {name}; write * or numbers from {low} to {high}")
        values.update(range(start, end + 1, stride))
    return frozenset(values)


def _cron_number(text: str, low: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + low
    return int(text) if text.isascii() and text.isdigit() else -1
