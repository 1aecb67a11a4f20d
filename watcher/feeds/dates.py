"""What a feed says about when: moments with their zone, days, months, years. Nothing is invented, no clock is read.

Reads RFC 822/2822, ISO 8601/W3CDTF, German and English day and month names, and what feeds make of them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from watcher.model import PartialDate

Stamp = tuple[datetime | None, PartialDate | None]
"""The moment, if its zone is stated, and the date in the precision stated."""

_NOTHING: Stamp = (None, None)
_LONGEST = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar jän jänner jaen jaenner",
            "feb february februar feber",
            "mar march mär märz maerz mrz",
            "apr april",
            "may mai",
            "jun june juni",
            "jul july juli",
            "aug august",
            "sep sept september",
            "oct october okt oktober",
            "nov november",
            "dec december dez dezember",
        ),
        start=1,
    )
    for name in names.split()
}
# Hours east of Greenwich; RFC 822 names those of North America, the rest is what German and British feeds write.
# Names with several meanings (IST, CST of China) are left out or read as RFC 822 does.
_ZONES = {
    "z": 0.0, "ut": 0.0, "utc": 0.0, "gmt": 0.0, "wet": 0.0, "est": -5.0, "edt": -4.0, "cst": -6.0, "cdt": -5.0,
    "mst": -7.0, "mdt": -6.0, "pst": -8.0, "pdt": -7.0, "west": 1.0, "bst": 1.0, "cet": 1.0, "mez": 1.0, "met": 1.0,
    "cest": 2.0, "mesz": 2.0, "mest": 2.0, "eet": 2.0, "oez": 2.0, "eest": 3.0, "oesz": 3.0, "msk": 3.0, "jst": 9.0,
    "kst": 9.0, "aest": 10.0, "aedt": 11.0,
}  # fmt: skip

_CLOCK = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
_ZONE = r"\(?(?P<zone>(?:UTC|GMT)?\s?[+-]\d{1,2}:?(?:\d{2})?|[A-Za-z]{1,5})?\)?"
_MONTH = r"(?P<month>[A-Za-zÄäÖöÜü]{3,10})\.?"
_TIME = rf"(?:[\s,T]*(?:um\s+)?{_CLOCK}(?:\s*(?P<half>[AaPp]\.?[Mm]\.?))?(?:\s*Uhr)?\s*{_ZONE})?"
_WEEKDAY = r"(?:[A-Za-zäöü]{2,10}(?:[.,]+\s*|\s+))?"
_FORMS = tuple(
    re.compile(form + r"(?:\s*\([^()]*\))?", re.IGNORECASE)
    for form in (
        rf"(?P<year>\d{{4}})-?(?P<month>\d{{2}})-?(?P<day>\d{{2}}){_TIME}",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})T(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?" + _ZONE,
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})",
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})[.]?[\s-]*{_MONTH},?[\s-]*(?P<year>\d{{4}}|\d{{2}}){_TIME}",
        rf"{_WEEKDAY}{_MONTH}\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}){_TIME}",
        rf"{_WEEKDAY}{_MONTH}\s*(?P<day>\d{{1,2}})\s+{_CLOCK}\s*(?:(?P<zone>[A-Za-z]{{1,5}})\s+)?(?P<year>\d{{4}})",
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})\.\s?(?P<month>\d{{1,2}})\.\s?(?P<year>\d{{4}}|\d{{2}})(?:\s*[-–|]\s*)?{_TIME}",
        rf"(?P<year>\d{{4}})/(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}}){_TIME}",
        rf"{_MONTH}\s+(?P<year>\d{{4}})",
        r"(?P<year>\d{4})",
    )
)
_OFFSET = re.compile(r"(?:UTC|GMT)?\s?([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)


def read_date(text: str, *, timezone: str) -> Stamp:
    """What `text` states: a moment only if it names a zone, and then its day in `timezone`; else the bare date.

    Nothing for what is no date, for days that do not exist, and for the zero dates of empty database columns.
    """
    text = " ".join(text[: _LONGEST * 2].split())[:_LONGEST]
    for form in _FORMS:
        if match := form.fullmatch(text):
            return _stamp(match.groupdict(), timezone)
    return _NOTHING


def _stamp(parts: dict[str, str | None], timezone: str) -> Stamp:
    try:
        date = _date(parts)
    except ValueError:
        return _NOTHING
    offset = _offset(parts.get("zone") or "")
    if date is None or date.day is None or offset is None or not parts.get("hour"):
        return (None, date)
    try:
        moment = _moment(date, parts, offset)
        day = PartialDate.of(moment.astimezone(_zone(timezone)).date())
    except (ValueError, OverflowError):  # a time of day that does not exist
        return (None, date)
    return (moment, day) if moment != _EPOCH else _NOTHING


def _date(parts: dict[str, str | None]) -> PartialDate | None:
    """Raises ValueError for dates that do not exist."""
    year_text, month_text, day = parts["year"] or "", (parts.get("month") or "").lower(), parts.get("day")
    year = int(year_text) if len(year_text) == 4 else _century(int(year_text))
    if not 1900 <= year <= 2200:
        return None
    if not month_text:
        return PartialDate(year=year)
    month = int(month_text) if month_text.isdigit() else _MONTHS.get(month_text, 0)
    if not month:
        raise ValueError("no such month")
    return PartialDate(year=year, month=month, day=int(day) if day else None)


def _century(year: int) -> int:
    """Two-digit years as RFC 2822, section 4.3, reads them."""
    return year + (2000 if year < 50 else 1900)


def _moment(date: PartialDate, parts: dict[str, str | None], offset: timedelta) -> datetime:
    hour, half = int(parts["hour"] or 0), (parts.get("half") or "").lower()
    if half:
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    second = min(int(parts.get("second") or 0), 59)  # a leap second is told as :60
    midnight = datetime(date.year, date.month or 1, date.day or 1, tzinfo=timezone(offset))
    if hour > 24 or (hour == 24 and parts["minute"] != "00"):
        raise ValueError("no such hour")
    moment = midnight + timedelta(hours=hour)
    return moment.replace(minute=int(parts["minute"] or 0), second=second).astimezone(UTC)


def _offset(zone: str) -> timedelta | None:
    """None if no zone is named, or one that has no single meaning."""
    if match := _OFFSET.fullmatch(zone):
        minutes = int(match.group(2)) * 60 + int(match.group(3) or 0)
        return timedelta(minutes=-minutes if match.group(1) == "-" else minutes) if minutes <= 14 * 60 else None
    hours = _ZONES.get(zone.lower())
    return None if hours is None else timedelta(hours=hours)


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
