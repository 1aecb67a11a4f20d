"""Parses the config's notations for time: durations, digests (a time of day or cron) and quiet hours. Syntax only.

`watcher.alerts.windows` computes the moments that they name, in a time zone with its clock changes.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from cronsim import CronSim, CronSimError

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
_CRON_FIELDS = (  # the names that cronsim's errors use, and the values of each field
    ("minute", "numbers from 0 to 59"),
    ("hour", "numbers from 0 to 23"),
    ("day-of-month", "numbers from 1 to 31 that occur in its months"),
    ("month", "numbers from 1 to 12"),
    ("day-of-week", "numbers from 0 to 7"),
)


def parse_duration(text: str) -> timedelta:
    """Reads `"90s"` as ninety seconds; units ms, s, m, h, d. Raises ValueError with a sentence."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError('must be a duration such as "90s", "15m", "24h" or "2d"')
    duration = float(match[1]) * _UNITS[match[2]]
    if duration > _LONGEST:
        raise ValueError("must be at most ten years (3650d)")
    return duration


def format_duration(duration: timedelta) -> str:
    """Writes a duration as the shortest text that `parse_duration` reads: `"15m"`."""
    for unit in ("d", "h", "m", "s"):
        if not duration % _UNITS[unit]:
            return f"{duration // _UNITS[unit]}{unit}"
    return f"{duration / _UNITS['s']:g}s"


def parse_quiet(text: str) -> tuple[time, time]:
    """Reads `"22:00-06:30"` as start and end, wall-clock times in the config's time zone. Raises ValueError."""
    start, dash, end = text.partition("-")
    if not dash or start.strip() == end.strip():
        raise ValueError('must be two different times of day such as "22:00-06:30"')
    return parse_time(start), parse_time(end)


def parse_time(text: str) -> time:
    """Reads `"08:00"` as a wall-clock time. Raises ValueError with a sentence."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'holds {text.strip()!r}, which is not a time of day such as "08:00"')
    return time(int(match[1]), int(match[2]))


def check_digest(text: str) -> None:
    """Accepts `"08:00"` or five cron fields, `"0 8 * * mon-fri"`. Raises ValueError with a sentence."""
    parse_digest(text)


def parse_digest(text: str) -> str:
    """Turns `"08:00"` or five cron fields into a cron expression: `"0 8 * * *"`. Raises ValueError with a sentence."""
    fields = text.split()
    if len(fields) == 1:
        at = parse_time(text)
        return f"{at.minute} {at.hour} * * *"
    if len(fields) != len(_CRON_FIELDS):
        raise ValueError('must be a time of day such as "08:00" or five cron fields such as "0 8 * * mon-fri"')
    cron = " ".join(fields)
    try:
        times = CronSim(cron, datetime(2024, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise ValueError(_cron_problem(str(error), fields)) from error
    if next(times, None) is None:
        raise ValueError("names a day that never comes")
    return cron


def _cron_problem(error: str, fields: list[str]) -> str:
    """Says which field cronsim refuses; its error is "Bad" and the name of the field."""
    for field, (name, values) in zip(fields, _CRON_FIELDS, strict=True):
        if error == f"Bad {name}":
            return f"has {field!r} as its {name.replace('-of-', ' of the ')}; write * or {values}"
    return f'is not a cron expression ({error}); write * or numbers, as in "0 8 * * mon-fri"'
