"""Dates as people and machines write them -> value with precision. Where a date was found is not known here.

Nothing is completed: "Oktober 2025" is a month, "03/04/2025" on an English page is nothing (day or month first?).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from watcher.model import PartialDate


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A date as its source states it. `moment`: the aware time, if the source states one with its zone."""

    date: PartialDate
    moment: datetime | None = None


_MONTHS_BY_LANGUAGE = (
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber maerz apr. mai jun. jul. aug. sept okt. nov. dez.",
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
    "jan. feb. mrz. apr. mai. jun. jul. aug. sept. okt. nov. dez.",
    "janv. févr. mrt avr. may. jún juil. ago sett okt oct. dic",
    "ene feb mär abr mai giu juil aug set ott nov. déc.",
)
_MONTHS: dict[str, int] = {}
for _names in _MONTHS_BY_LANGUAGE:
    for _number, _name in enumerate(_names.split(), start=1):
        _MONTHS.setdefault(_name.rstrip("."), _number)

_MONTH = "(?P<word>" + "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True)) + r")(?!\w)\.?"
_YEAR = r"(?P<y>(?:19|20)\d\d)(?!\d)"
_DAY = r"(?<!\d)(?<!\d[.,:])(?P<d>[0-3]?\d)(?!\d)"

_WITH_DAY = (
    re.compile(rf"(?<!\d){_YEAR}-(?P<m>[01]\d)-(?P<d>[0-3]\d)(?!\d)"),
    re.compile(rf"(?<!\d){_YEAR}[/.](?P<m>[01]?\d)[/.](?P<d>[0-3]?\d)(?!\d)"),
    re.compile(rf"(?<!\d){_YEAR}\s*[年년]\s*(?P<m>[01]?\d)\s*[月월]\s*(?P<d>[0-3]?\d)\s*[日일]"),
    re.compile(rf"{_DAY}(?:\.|st|nd|rd|th|er|º)?\s*(?:de |of |d')?[-/ ]?{_MONTH}[,-/]?\s*(?:de |del )?{_YEAR}", re.I),
    re.compile(rf"(?<!\w){_MONTH}\s*{_DAY}(?:st|nd|rd|th)?,?\s+{_YEAR}", re.I),
)
_NUMERIC = re.compile(
    rf"(?<![\d.])(?P<a>[0-3]?\d)(?P<sep>[./-])\s?(?P<b>[0-3]?\d)(?P=sep)\s?(?:{_YEAR}|(?P<yy>[0-3]\d)(?![\d.]))"
)
_WITH_MONTH = (
    re.compile(rf"(?<![\w.]){_MONTH},?\s*(?:de |del |of )?{_YEAR}", re.I),
    re.compile(rf"(?<!\d){_YEAR}\s*[年년]\s*(?P<m>[01]?\d)\s*[月월](?!\s*\d)"),
)
_ISO = re.compile(
    r"(?P<y>\d{4})(?:-(?P<m>\d\d)(?:-(?P<d>\d\d)(?:[T_ ]+(?P<H>\d\d):?(?P<M>\d\d)(?::?(?P<S>\d\d)(?:[.,]\d+)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?(?:\[[\w/]+\])?)?)?)?\s*$",
    re.I,
)
_COMPACT = re.compile(r"(?P<y>(?:19|20)\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)(?:T?\d{4,6}Z?)?\s*$")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?\s*$")
_LONGEST_VALUE = 80


def parse_stamp(value: str, *, timezone: str) -> Stated | None:
    """A machine's value (meta content, JSON-LD, `datetime=`): ISO 8601 in any precision, RFC 2822, epoch, or words.

    A zoned time becomes the day in `timezone` (an IANA name); a time without zone states just its day.
    """
    value = value.strip()
    if not value or len(value) > _LONGEST_VALUE:
        return None
    iso = _ISO.match(value)
    if iso:
        return _from_iso(iso, timezone)
    if _EPOCH.match(value):
        return at(datetime.fromtimestamp(int(value[:10]), UTC), timezone=timezone)
    compact = _COMPACT.match(value)
    if compact:
        return _whole(int(compact["y"]), int(compact["m"]), int(compact["d"]))
    return _from_mail_date(value, timezone) or find_date(value, day_first=None)


def at(moment: datetime, *, timezone: str) -> Stated | None:
    """An aware moment, dated by the clocks of `timezone`; None if no calendar there has it."""
    try:
        return Stated(date=PartialDate.of(moment.astimezone(ZoneInfo(timezone)).date()), moment=moment)
    except (OverflowError, ValueError):
        return None


def find_date(text: str, *, day_first: bool | None) -> Stated | None:
    """The first full day in a short visible text, else the first month with its year, else nothing.

    `day_first` tells how 03/04/2025 is read; None: not at all, unless one of the two can only be the day.
    """
    text = " ".join(text.split()).casefold()
    found = [match for pattern in _WITH_DAY for match in [pattern.search(text)] if match]
    stated = _first(_from_words(match) for match in sorted(found, key=lambda match: match.start()))
    return stated or _from_numbers(text, day_first) or _first(_months(text))


_CLOCK = re.compile(
    r"\b\d{1,2}[:.]\d\d(?::\d\d)?(?:\s*(?:uhr|h|[ap]\.?m\.?|[a-z]{3,4}))?\b|\b\d+\s*min\w*(?:\s+\w+)?", re.I
)
_WEEKDAY = re.compile(
    r"\b(?:(?:mon|diens|donners|frei|sams)tag|mittwoch|sonn(?:tag|abend)|(?:mon|tues|wednes|thurs|fri|satur|sun)day|"
    r"mo|di|mi|do|fr|sa|so|mon|tue|wed|thu|fri|sat|sun|am|um|on|at|of|von|by)\b",
    re.I,
)


def without_dates(text: str) -> str:
    """What a short text says beside dates, times of day, weekdays and the words that join them."""
    text = " ".join(text.split()).casefold()
    for pattern in (*_WITH_DAY, _NUMERIC, *_WITH_MONTH, _CLOCK, _WEEKDAY):
        text = pattern.sub(" ", text)
    return " ".join(text.split())


def _first(candidates: Iterable[Stated | None]) -> Stated | None:
    return next((stated for stated in candidates if stated), None)


def _months(text: str) -> Iterable[Stated | None]:
    for pattern in _WITH_MONTH:
        match = pattern.search(text)
        if match:
            yield _from_words(match)


def _from_words(match: re.Match[str]) -> Stated | None:
    parts = match.groupdict()
    month = _MONTHS.get((parts.get("word") or "").rstrip(".")) or int(parts.get("m") or 0)
    return _whole(int(parts["y"]), month, int(parts["d"]) if parts.get("d") else None)


def _from_numbers(text: str, day_first: bool | None) -> Stated | None:
    match = _NUMERIC.search(text)
    if not match:
        return None
    first, second = int(match["a"]), int(match["b"])
    year = int(match["y"] or f"20{match['yy']}")
    if match["sep"] == "." or second <= 12 < first:
        return _whole(year, second, first)
    if first <= 12 < second:
        return _whole(year, first, second)
    if first == second:
        return _whole(year, first, second)
    if day_first is None:
        return None
    return _whole(year, second, first) if day_first else _whole(year, first, second)


def _from_iso(match: re.Match[str], timezone: str) -> Stated | None:
    year, month, day = (int(match[name]) if match[name] else None for name in "ymd")
    if not match["zone"] or day is None or month is None or year is None:
        return _whole(year or 0, month, day)
    try:
        moment = datetime(
            year, month, day, int(match["H"]), int(match["M"]), int(match["S"] or 0), tzinfo=_offset(match["zone"])
        )
    except ValueError:
        return _whole(year, month, day)
    if moment.hour == moment.minute == moment.second == 0:  # a day stated as its local midnight, not a time of day
        return Stated(date=PartialDate(year=year, month=month, day=day), moment=moment)
    return at(moment, timezone=timezone)


def _offset(zone: str) -> timezone:
    if not zone.startswith(("+", "-")):
        return UTC
    digits = zone[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))


def _from_mail_date(value: str, timezone: str) -> Stated | None:
    """`Tue, 21 Oct 2025 22:37:00 +0200`, and JavaScript's `Tue Oct 21 2025 22:37:00 GMT+0200 (CEST)`."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        return _whole(moment.year, moment.month, moment.day)
    return at(moment, timezone=timezone)


def _whole(year: int, month: int | None, day: int | None) -> Stated | None:
    if not 1900 <= year <= 2199:
        return None
    try:
        return Stated(date=PartialDate(year=year, month=month, day=day))
    except ValueError:
        return None
