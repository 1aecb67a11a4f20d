"""How moments are written in the config: durations, digests (a time of day or cron), quiet hours. Syntax only."""

from __future__ import annotations

import re
from datetime import time, timedelta

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
    fields = text.split()
    if len(fields) == 1:
        parse_time(text)
    elif len(fields) == len(_CRON):
        for field, (name, low, high, names) in zip(fields, _CRON, strict=True):
            if not all(_is_cron_part(part, low, high, names) for part in field.lower().split(",")):
                raise ValueError(f"has {field!r} as its {name}; write * or numbers from {low} to {high}")
    else:
        raise ValueError('must be a time of day such as "08:00" or five cron fields such as "0 8 * * mon-fri"')


def _is_cron_part(part: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    span, slash, step = part.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
        return False
    if span == "*":
        return True
    first, dash, last = span.partition("-")
    ends = [_cron_number(end, low, names) for end in ([first, last] if dash else [first])]
    return all(low <= end <= high for end in ends) and ends == sorted(ends)


def _cron_number(text: str, low: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + low
    return int(text) if text.isascii() and text.isdigit() else -1
