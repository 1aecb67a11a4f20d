"""Reads dates as people, feeds and pages write them, each in the precision that is stated. No clock, no I/O.

Nothing is completed: "Oktober 2025" is a month, and "03/04/2025" is nothing as long as nobody says which is the month.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from watcher.model import PartialDate


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedDate:
    """A date as its source states it. `moment`: the time in UTC, if the source states one with its zone."""

    date: PartialDate
    moment: datetime | None = None


_MONTHS_BY_LANGUAGE = (
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber maerz apr mai jun jul aug sept okt nov dez",
    "jaenner feb mär apr mai jun jul aug sep okt nov dez",
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "januar februar marts april maj juni juli august september oktober november december",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "ledna února března dubna května června července srpna září října listopadu prosince",
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "januari februari maret april mei juni juli agustus september oktober november desember",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
    "janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember",
    "jän feb mrz apr mai jun jul aug sept okt nov dez",
    "jaen févr mrt avr may jún juil ago sett okt nov dic",
    "janv feb mär abr mai giu juil aug set ott nov déc",
    "ene feb mär abr mai giu juil aug set ott nov déc",
)


def _comparable(month: str) -> str:
    """A month's name as `re.IGNORECASE` compares it: the Turkish i's are one letter."""
    return month.casefold().replace("ı", "i").replace("\u0307", "")


_NAMES_OF_MONTHS = {name: number for names in _MONTHS_BY_LANGUAGE for number, name in enumerate(names.split(), start=1)}
_MONTHS = {_comparable(name): number for name, number in _NAMES_OF_MONTHS.items()}  # no name means two months
# Hours east of Greenwich: RFC 822 names those of North America; the rest is common in German and British feeds.
# Names with several meanings (IST, CST of China) are left out or read as RFC 822 does.
_ZONES = {
    "Z": 0.0, "UT": 0.0, "UTC": 0.0, "GMT": 0.0, "WET": 0.0, "EST": -5.0, "EDT": -4.0, "CST": -6.0, "CDT": -5.0,
    "MST": -7.0, "MDT": -6.0, "PST": -8.0, "PDT": -7.0, "WEST": 1.0, "BST": 1.0, "CET": 1.0, "MEZ": 1.0, "MET": 1.0,
    "CEST": 2.0, "MESZ": 2.0, "MEST": 2.0, "EET": 2.0, "OEZ": 2.0, "EEST": 3.0, "OESZ": 3.0, "MSK": 3.0, "JST": 9.0,
    "KST": 9.0, "AEST": 10.0, "AEDT": 11.0,
}  # fmt: skip
_IN_ANY_CASE = frozenset({"utc", "gmt"})  # the other names are words of some language in lower case
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_VALUE = 100

_MONTH = "(?P<word>" + "|".join(sorted(map(re.escape, _NAMES_OF_MONTHS), key=len, reverse=True)) + r")(?!\w)\.?"
_YEAR = r"(?P<y>(?:19|2[01])\d\d)(?!\d)"
_DAY = r"(?<!\d)(?<!\d[.,:])(?P<d>[0-3]?\d)(?!\d)"
_CLOCK = r"(?P<hour>\d\d?)[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:[.,]\d+)?)?(?:\s*(?P<half>[ap]\.?m\b\.?))?"
_ZONE = (
    r"(?P<zone>(?:UTC|GMT)?\s?[+-]\d\d?(?::?\d\d)?(?!\d)|[a-z]{2,20}/[a-z_]{2,30}(?:/[a-z_]{2,30})?|[a-z]{1,5}(?!\w))"
)
_TIME = rf"(?:[\s,;|/·•–—-]*(?:[T_]|um\s|at\s)?\s*{_CLOCK}(?:\s*Uhr)?(?:\s*\(?{_ZONE})?)?"

_FULL_DATES = (
    rf"(?<!\d){_YEAR}(?P<iso>-)(?P<m>\d\d?)-(?P<d>\d\d?)(?!\d)",
    rf"(?<!\d){_YEAR}(?:/|\.\s?)(?P<m>\d\d?)(?:/|\.\s?)(?P<d>\d\d?)(?!\d)",
    rf"(?<!\d){_YEAR}\s*[年년]\s*(?P<m>[01]?\d)\s*[月월]\s*(?P<d>[0-3]?\d)\s*[日일]",
    rf"{_DAY}(?:\.|st|nd|rd|th|er|º)?\s*(?:de |of |d')?[-/ ]?{_MONTH}[,-/]?\s*(?:de |del )?{_YEAR}",
    rf"(?<!\w){_MONTH}\s*{_DAY}(?:st|nd|rd|th)?,?\s+{_YEAR}",
)
_NUMERIC = (
    rf"(?<![\d.])(?P<a>[0-3]?\d)(?P<sep>[./-])\s?(?P<b>[0-3]?\d)(?P=sep)\s?(?:{_YEAR}|(?P<short>[0-3]\d)(?![\d.]))"
)
_UNIX_DATE = rf"(?<!\w){_MONTH}\s+{_DAY}\s+{_CLOCK}\s+(?:(?P<zone>[a-z]{{1,5}}|[+-]\d{{4}})\s+)?{_YEAR}"
_MONTHS_OF_YEARS = (
    rf"(?<![\w.]){_MONTH},?\s*(?:de |del |of )?{_YEAR}",
    rf"(?<!\d){_YEAR}\s*[年년]\s*(?P<m>[01]?\d)\s*[月월](?!\s*\d)",
)


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


_WRITTEN = _compiled(*(pattern + _TIME for pattern in (*_FULL_DATES, _NUMERIC)), _UNIX_DATE)
_WRITTEN_MONTHS = _compiled(*_MONTHS_OF_YEARS)
_BARE = _compiled(*_FULL_DATES, _NUMERIC, *_MONTHS_OF_YEARS)
# Whole values of machines, the most common first. Only here a year may have two digits behind the name of a month.
_VALUES = _compiled(
    rf"{_YEAR}(?P<iso>-)(?P<m>\d\d)-(?P<d>\d\d){_TIME}",
    rf"(?:[a-z]{{2,10}}[.,]*\s*)?(?P<d>\d\d?)[\s-]{_MONTH}[\s-](?:{_YEAR}|(?P<short>\d\d)(?!\d)){_TIME}(?:\s*\([^()]*\))?",
    rf"(?P<d>\d\d?)\.\s?(?P<m>\d\d?)\.\s?(?:{_YEAR}|(?P<short>\d\d)(?!\d)){_TIME}",
    rf"{_YEAR}(?:[-/.](?P<m>\d\d?))?",
    r"(?P<y>(?:19|2[01])\d\d)(?P<iso>-?)(?P<m>\d\d)-?(?P<d>\d\d)(?:T?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?"
    rf"(?:[.,]\d+)?\s*{_ZONE}?)?",
)
_UNIX_SECONDS = re.compile(r"(\d{10})(?:\d{3})?", re.ASCII)

_TIMES_OF_DAY = re.compile(
    r"\b\d{1,2}[:.]\d\d(?::\d\d)?(?:\s*(?:uhr|h|[ap]\.?m\.?|[a-z]{3,4}))?\b|\b\d{1,2}\s*uhr\b|\b\d+\s*min\w*(?:\s+\w+)?",
    re.I,
)
_DAY_WORDS = re.compile(
    r"\b(?:(?:mon|diens|donners|frei|sams)tag|mittwoch|sonn(?:tag|abend)|(?:mon|tues|wednes|thurs|fri|satur|sun)day|"
    r"mo|di|mi|do|fr|sa|so|mon|tue|wed|thu|fri|sat|sun|am|um|on|at|of|von|by)\b",
    re.I,
)


def parse_date(value: str, *, timezone: str) -> StatedDate | None:
    """Reads the date that a value states as a whole: an element of a feed, `content=`, `datetime=`, JSON-LD.

    Reads ISO 8601 in any precision, RFC 822, seconds since 1970, and every written form that `find_date` reads. A time
    with its zone becomes the day in `timezone` (an IANA name); a time without zone states just its day. Returns None
    for other texts, for days that do not exist, and for the zero dates of empty database columns.
    """
    value = " ".join(value[: _LONGEST_VALUE * 2].split())
    if not value or len(value) > _LONGEST_VALUE:
        return None
    if seconds := _UNIX_SECONDS.fullmatch(value):
        return _at_written(datetime.fromtimestamp(int(seconds[1]), UTC), timezone)
    for form in _VALUES:
        if match := form.fullmatch(value):
            return _stated(match, timezone, day_first=True)
    return find_date(value, timezone=timezone, day_first=None)


def find_date(text: str, *, timezone: str, day_first: bool | None) -> StatedDate | None:
    """Finds the first full day in a short text, else the first month with its year, else nothing.

    `day_first` decides how 03/04/2025 is read; None: not at all, unless one of the two can only be the day.
    """
    text = " ".join(text.split())
    found = sorted(_matches(_WRITTEN, text), key=lambda match: (match.start(), -match.end()))
    for match in found:
        if _is_ambiguous(match, day_first):
            return None
        if stated := _stated(match, timezone, day_first=day_first):
            return stated
    return None if found else next((_stated(match, timezone) for match in _matches(_WRITTEN_MONTHS, text)), None)


def day_at(moment: datetime, *, timezone: str) -> StatedDate | None:
    """Dates an aware moment by the clocks of `timezone`; None if no calendar there has it."""
    try:
        return StatedDate(date=PartialDate.of(moment.astimezone(_zone(timezone)).date()), moment=moment.astimezone(UTC))
    except (OverflowError, ValueError):
        return None


def without_dates(text: str) -> str:
    """Returns the words of a short text beside dates, times of day, weekdays and the words that join them."""
    text = " ".join(text.split())
    for pattern in (*_BARE, _TIMES_OF_DAY, _DAY_WORDS):
        text = pattern.sub(" ", text)
    return " ".join(text.split())


def _matches(patterns: tuple[re.Pattern[str], ...], text: str) -> Iterator[re.Match[str]]:
    return (match for pattern in patterns if (match := pattern.search(text)))


def _is_ambiguous(match: re.Match[str], day_first: bool | None) -> bool:
    """Whether a numeric date may be read with the day first or with the month first."""
    parts = match.groupdict()
    if day_first is not None or parts.get("a") is None or parts["sep"] == ".":
        return False
    return int(parts["a"]) <= 12 and int(parts["b"]) <= 12 and int(parts["a"]) != int(parts["b"])


def _stated(match: re.Match[str], timezone: str, *, day_first: bool | None = None) -> StatedDate | None:
    parts = match.groupdict()
    try:
        date = _date(parts, day_first)
    except ValueError:
        return None
    moment = _moment(date, parts, match.string) if date.day and parts.get("hour") else None
    return _at_written(moment, timezone) if moment else StatedDate(date=date)


def _at_written(moment: datetime, timezone: str) -> StatedDate | None:
    """Dates a moment, given in the zone that its source names. Midnight on the dot is that day, in whatever zone."""
    if moment == _UNIX_EPOCH:
        return None
    if moment.hour == moment.minute == moment.second == 0:
        return StatedDate(date=PartialDate.of(moment.date()), moment=moment.astimezone(UTC))
    return day_at(moment, timezone=timezone)


def _date(parts: dict[str, str | None], day_first: bool | None) -> PartialDate:
    """Raises ValueError for dates that do not exist."""
    year = int(parts["y"] or 0) or _of_century(int(parts["short"] or 0))
    if parts.get("a"):
        first, second = int(parts["a"] or 0), int(parts["b"] or 0)
        month_first = parts["sep"] != "." and (second > 12 or (first <= 12 and day_first is False))
        month, day = (first, second) if month_first else (second, first)
        return PartialDate(year=year, month=month, day=day)
    word, number, day_text = parts.get("word"), parts.get("m"), parts.get("d")
    named = _MONTHS[_comparable(word)] if word else int(number) if number else None
    return PartialDate(year=year, month=named, day=int(day_text) if day_text else None)


def _of_century(year: int) -> int:
    """Completes a year of two digits as RFC 2822, section 4.3, does."""
    return year + (2000 if year < 50 else 1900)


def _moment(date: PartialDate, parts: dict[str, str | None], text: str) -> datetime | None:
    """The aware time of a date; None if its zone is not certain or the time does not exist."""
    zone = _zone_of(parts, text)
    hour, minute, half = int(parts["hour"] or 0), int(parts["minute"] or 0), (parts.get("half") or "").lower()
    if zone is None or hour > 24 or minute > 59 or (hour == 24 and minute):
        return None
    if half:
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    midnight = datetime(date.year, date.month or 1, date.day or 1) + timedelta(days=hour // 24)  # noqa: DTZ001
    second = min(int(parts.get("second") or 0), 59)  # a leap second is written as :60
    return midnight.replace(hour=hour % 24, minute=minute, second=second, tzinfo=zone)


def _zone_of(parts: dict[str, str | None], text: str) -> tzinfo | None:
    name = (parts.get("zone") or "").strip()
    if "/" in name:
        return _named_zone(name)
    sign = re.search(r"[+-]", name)
    if sign:
        return _offset(name[sign.start() :], parts, text) if len(name) < 12 else None
    if name not in _ZONES and name.lower() not in _IN_ANY_CASE and not parts.get("iso"):
        return None
    hours = _ZONES.get(name.upper())
    return None if hours is None else timezone(timedelta(hours=hours))


def _offset(offset: str, parts: dict[str, str | None], text: str) -> tzinfo | None:
    """An offset; None for a range of times (10:00-12:00 Uhr) and for a number that only follows the time (+12)."""
    digits = offset[1:].replace(":", "")
    is_prefixed = not (parts["zone"] or "").strip().startswith(offset)
    is_range = offset.startswith("-") and ":" in offset and not parts.get("second") and not parts.get("iso")
    is_whole = len(digits) > 2 or text.endswith(offset) or parts.get("iso")
    if not is_prefixed and (is_range or not is_whole or len(digits) < 2):
        return None
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    total = int(hours) * 60 + int(minutes)
    return timezone(timedelta(minutes=-total if offset[0] == "-" else total)) if total <= 14 * 60 else None


@lru_cache(maxsize=64)
def _named_zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
