"""Dates of feeds and pages: each is read as it is stated, in the precision stated, wherever it is found."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.articles.newspage import news_page, paragraphs
from watcher.articles import extract_article
from watcher.feeds.parse import parse_feed
from watcher.model import PartialDate
from watcher.text.dates import find_date, parse_date, without_dates

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"
GERMAN_MONTHS = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni"),
    *("Juli", "August", "September", "Oktober", "November", "Dezember"),
)
HALF_PAST_TWO = datetime(2025, 10, 21, 12, 30, tzinfo=UTC)


ZONED = [
    "Tue, 21 Oct 2025 14:30:00 +0200",
    "Tue, 21 Oct 2025 12:30:00 GMT",
    "Tue, 21 Oct 2025 12:30 UT",
    "21 Oct 2025 08:30:00 EDT",
    "Tue,21 Oct 25 14:30:00 +02:00",
    "Tue, 21 Oct 2025 14:30:00 +0200 (CEST)",
    "Di, 21 Okt 2025 14:30:00 +0200",
    "Dienstag, 21. Oktober 2025, 14:30 Uhr MESZ",
    "21.10.2025 14:30 CEST",
    "2025-10-21T14:30:00+02:00",
    "2025-10-21T12:30:00Z",
    "2025-10-21T12:30:00.123Z",
    "2025-10-21T12:30Z",
    "2025-10-21 12:30:00 UTC",
    "2025-10-21 14:30:00 +0200",
    "20251021T123000Z",
    "Tue Oct 21 2025 14:30:00 GMT+0200 (MESZ)",
    "Tue Oct 21 12:30:00 UTC 2025",
    "Tue Oct 21 08:30:00 -0400 2025",
    "October 21, 2025 2:30 PM CEST",
    "Tue, Oct 21 2025 12:30:00 GMT",
    "  Tue,  21 Oct 2025\n12:30:00 GMT ",
    "Tuesday, 21-Oct-25 12:30:00 GMT",
    "Tue, 21 Oct 2025 05:30:00 America/Los_Angeles",
    "2025-10-21 14:30:00 +0200 CEST",
    "2025-10-21T14:30:00+02:00[Europe/Berlin]",
    "2025-10-21T143000+0200",
    "2025-10-21t12:30:00z",
    "Tue Oct 21 2025 12:30:00 GMT+0000 (Coordinated Universal Time)",
    "October 21, 2025 at 8:30 a.m. EDT",
    "21 octobre 2025, 12:30 UTC",
    "2025/10/21 12:30:00 +0000",
    "1761049800",
    "1761049800000",
]


@pytest.mark.parametrize("text", ZONED)
def test_zoned_times_are_moments(text: str) -> None:
    """All common spellings of one moment give that moment, and its day in the reader's zone."""
    stated = parse_date(text, timezone=BERLIN)
    assert stated is not None
    assert stated.moment == HALF_PAST_TWO
    assert stated.date == PartialDate(year=2025, month=10, day=21)


UNZONED = [
    "2025-10-21",
    "20251021",
    "2025/10/21",
    "21.10.2025",
    "21. 10. 25",
    "21.10.2025 14:30",
    "21.10.2025 - 14:30 Uhr",
    "21.10.2025 um 14.30 Uhr",
    "21. Oktober 2025",
    "Dienstag, 21. Oktober 2025",
    "21-Oct-2025",
    "October 21st, 2025",
    "2025-10-21T14:30:00",
    "Tue, 21 Oct 2025 23:59:00",
    "Tue, 21 Oct 2025 14:30:00 IST",
    "Tue, 21 Oct 2025 99:99:00 GMT",
    "Tuesday, October 21, 2025 - 14:30",
    "21.10.2025 23:30 Zürich",
    "21.10.2025, 10:00-12:00 Uhr",
    "21.10.2025 06:30 +12 Kommentare",
    "21.10.2025 / 06:15 /",
    "le 21 octobre 2025 à 23:30 est",
    "21 de octubre de 2025",
    "21 EKİM 2025",
    "2025年10月21日",
    "2025. 10. 21.",
]


@pytest.mark.parametrize("text", UNZONED)
def test_without_a_zone_only_the_day_is_known(text: str) -> None:
    """A time whose zone is not stated, or not certain, is not a moment."""
    stated = parse_date(text, timezone=BERLIN)
    assert stated is not None
    assert (stated.moment, stated.date) == (None, PartialDate(year=2025, month=10, day=21))


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Oktober 2025", PartialDate(year=2025, month=10)),
        ("März 2025", PartialDate(year=2025, month=3)),
        ("Jänner 2025", PartialDate(year=2025, month=1)),
        ("2025-10", PartialDate(year=2025, month=10)),
        ("2025", PartialDate(year=2025)),
    ],
)
def test_less_than_a_day_stays_less(text: str, date: PartialDate) -> None:
    """A month stays a month, a year a year."""
    stated = parse_date(text, timezone=BERLIN)
    assert stated is not None
    assert (stated.moment, stated.date) == (None, date)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gestern",
        "31.02.2025",
        "31. Februar 2025",
        "05/06/2025",
        "2025-13-01",
        "0000-00-00 00:00:00",
        "0001-01-01T00:00:00Z",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Tue, 21 Foo 2025 14:30:00 GMT",
        "99",
        "1" * 5000,
        "a " * 5000,
    ],
)
def test_a_text_without_a_date_gives_none(text: str) -> None:
    """Words, impossible days and the zero dates of databases give nothing."""
    assert parse_date(text, timezone=BERLIN) is None


def rss(values: list[str]) -> bytes:
    items = "".join(
        f"<item><title>{number}</title><pubDate>{value}</pubDate></item>" for number, value in enumerate(values)
    )
    return f'<rss version="2.0"><channel><title>Talbote</title>{items}</channel></rss>'.encode()


def test_a_feed_and_a_page_read_the_same_notations() -> None:
    """Every notation gives the same date in a feed's element and in a page's metadata."""
    values = ZONED + UNZONED
    feed = parse_feed(rss(values), content_type="", url="https://talbote.example/feed", timezone=BERLIN, now=NOW)
    for value, entry in zip(values, feed.entries, strict=True):
        head = f'<meta property="article:published_time" content="{value}">'
        text = "Die Bergbahn fährt wieder, und im Tal ist die Freude groß, denn die Pause war lang. " * 4
        article = extract_article(
            news_page(headline="Die Bergbahn fährt wieder", blocks=paragraphs(text), head=head),
            content_type="text/html",
            url="https://talbote.example/a",
            timezone=BERLIN,
            now=NOW,
        )
        assert (article.date, article.published_at) == (entry.date, entry.published_at), value
        assert entry.date == PartialDate(year=2025, month=10, day=21), value


@pytest.mark.parametrize("text", ["21.10.2025, 01:30 Uhr MESZ", "Oct 21, 2025, 1:30 AM EDT", "2025-10-21 01:30 +0200"])
def test_the_zone_of_a_visible_line_counts(text: str) -> None:
    """A zoned time between other words becomes the day of the reader, as it does in metadata."""
    found = find_date(f"Von Anna Muster | {text} | Talheim", timezone="America/Los_Angeles", day_first=True)
    assert found is not None
    assert found.date == PartialDate(year=2025, month=10, day=20)


@pytest.mark.parametrize(
    "text",
    [
        "Tue, 21 Oct 2025 00:00:00 +0300",
        "2025-10-21T00:00:00-11:00",
        "2025-10-21T00:00:00+14:00",
        "2025-10-21 00:00 UTC",
        "21.10.2025 00:00 MESZ",
        "Tue Oct 21 2025 00:00:00 GMT+0900 (JST)",
        "October 21, 2025 12:00 AM EDT",
    ],
)
@pytest.mark.parametrize("zone", [BERLIN, "America/Los_Angeles", "Pacific/Auckland"])
def test_midnight_in_any_zone_is_that_day(text: str, zone: str) -> None:
    """Midnight on the dot is how a day without a time is written; it stays that day wherever it is read."""
    stated = parse_date(text, timezone=zone)
    assert stated is not None
    assert stated.date == PartialDate(year=2025, month=10, day=21)


def test_other_times_are_days_where_they_are_read() -> None:
    """24:00 is the beginning of the next day; the day of any other moment depends on where it is read."""
    assert day_of("2025-10-21T24:00:00Z", "UTC") == "2025-10-22"
    assert day_of("2025-10-21T23:30:00Z", BERLIN) == "2025-10-22"
    assert day_of("2025-10-21T03:30:00Z", "America/New_York") == "2025-10-20"


def day_of(text: str, zone: str) -> str:
    stated = parse_date(text, timezone=zone)
    return stated.date.isoformat() if stated else ""


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
    st.integers(-14 * 4, 14 * 4),
    st.sampled_from([BERLIN, "UTC", "America/New_York", "Pacific/Auckland"]),
)
def test_every_moment_is_read_back_from_every_standard_form(naive: datetime, quarters: int, zone: str) -> None:
    """A moment written as RFC 822, ISO 8601 or by JavaScript is read back to the second, with its day in the zone."""
    moment = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters)))
    is_midnight = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    day = moment.date() if is_midnight else moment.astimezone(ZoneInfo(zone)).date()
    offset = f"{moment:%z}"
    for text in (
        format_datetime(moment),
        moment.isoformat(),
        f"{moment:%Y%m%dT%H%M%S}{offset}",
        f"{moment:%a %b %d %Y %H:%M:%S} GMT{offset} (Zone)",
        f"{moment:%d.%m.%Y %H:%M:%S} {offset}",
    ):
        stated = parse_date(text, timezone=zone)
        assert stated is not None, text
        assert (stated.moment, stated.date) == (moment, PartialDate.of(day)), text


@given(st.dates(date(1995, 1, 1), date(2026, 1, 1)))
def test_every_written_day_is_read_back(day: date) -> None:
    """A day of any common notation is read back, from a value and from a line of text."""
    german = f"{day.day}. {GERMAN_MONTHS[day.month - 1]} {day.year}"
    for text in (
        f"{day:%d.%m.%Y}",
        f"{day.day}. {day.month}. {day.year}",
        day.isoformat(),
        german,
        f"{day:%B} {day.day}, {day.year}",
        f"{day.year}年{day.month}月{day.day}日",
    ):
        for stated in (parse_date(text, timezone=BERLIN), find_date(text, timezone=BERLIN, day_first=True)):
            assert stated is not None, text
            assert (stated.moment, stated.date) == (None, PartialDate.of(day)), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Donnerstag, 5. Juni 2025, 17:47 Uhr", "2025-06-05"),
        ("05.06.2025, 17:47", "2025-06-05"),
        ("5.6.25", "2025-06-05"),
        ("Juni 2025", "2025-06"),
        ("Jun. 5, 2025", "2025-06-05"),
        ("June 5th, 2025 at 5:47 p.m.", "2025-06-05"),
        ("5 de junio de 2025", "2025-06-05"),
        ("le 1er juin 2025", "2025-06-01"),
        ("2025年6月5日", "2025-06-05"),
        ("5 июня 2025", "2025-06-05"),
        ("Jänner 2026", "2026-01"),
        ("13/06/2025", "2025-06-13"),
        ("06/13/2025", "2025-06-13"),
        ("05/06/2025", ""),
        ("Seite 20, Band 2025", ""),
        ("um 17:47 Uhr", ""),
    ],
)
def test_written_dates_are_read_and_ambiguous_ones_are_not(text: str, expected: str) -> None:
    """Words of many languages are understood; 05/06/2025 stays unread as long as nobody says which is the month."""
    stated = find_date(text, timezone=BERLIN, day_first=None)
    assert (stated.date.isoformat() if stated else "") == expected


DATE_LIKE = st.text(alphabet="0123456789 .:,-+TZabcdeUhr/()OktMai年月日", max_size=120)


@given(DATE_LIKE | st.text(max_size=60))
def test_any_text_gives_a_date_or_none(text: str) -> None:
    """No text raises, and a moment never comes without its day."""
    for stated in (parse_date(text, timezone=BERLIN), find_date(text, timezone=BERLIN, day_first=True)):
        assert stated is None or 1900 <= stated.date.year <= 2199
        assert stated is None or stated.moment is None or stated.date.day is not None
    without_dates(text)


@given(DATE_LIKE)
def test_a_day_is_never_invented(text: str) -> None:
    """Every part of a date without a zone is written in the text as a number of its own or as the name of a month."""
    stated = parse_date(text, timezone=BERLIN)
    if stated is None or stated.moment is not None:
        return
    digits = "".join(character for character in text if character.isdigit())
    assert f"{stated.date.year % 100:02d}" in digits
    if stated.date.day is not None:
        assert str(stated.date.day) in digits
