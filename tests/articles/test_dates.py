"""Dates: which source counts, in what precision, and that nothing is invented."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.articles.newspage import news_page, paragraphs
from watcher.articles import extract_article
from watcher.articles.datewords import find_date, parse_stamp
from watcher.model import Article, Entry, PartialDate

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LONG = "Die Bergbahn fährt wieder, und im Tal ist die Freude groß, denn die Pause war lang und der Winter kurz. " * 4
TEXTS = (LONG, f"Noch ein Absatz. {LONG}", f"Und einer. {LONG}")
HEADLINE = "Bergbahn fährt nach langer Pause wieder"


def dated(
    *, head: str = "", line: str = "", texts: tuple[str, ...] = TEXTS, hint: Entry | None = None, language: str = "de"
) -> Article:
    page = news_page(headline=HEADLINE, blocks=[line, *paragraphs(*texts)], head=head, language=language)
    return extract_article(
        page, content_type="text/html", url="https://talbote.example/a", timezone="Europe/Berlin", now=NOW, hint=hint
    )


def iso(article: Article) -> str:
    return article.date.isoformat() if article.date else ""


def json_ld(value: str) -> str:
    return f'<script type="application/ld+json">{{"@type": "NewsArticle", "datePublished": "{value}"}}</script>'


def meta(value: str) -> str:
    return f'<meta property="article:published_time" content="{value}">'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-10-21", "2025-10-21"),
        ("2025-10-21T22:37:00+02:00", "2025-10-21"),
        ("2025-10-21T23:30:00Z", "2025-10-22"),
        ("2025-10-21T23:30:00-0400", "2025-10-22"),
        ("2025-10-22T03:00:00+09:00", "2025-10-21"),
        ("2024-10-16T00:00:00+08:00", "2024-10-16"),
        ("2025-10-21 22:37", "2025-10-21"),
        ("20251021", "2025-10-21"),
        ("1761078900", "2025-10-21"),
        ("Tue, 21 Oct 2025 22:37:00 +0200", "2025-10-21"),
        ("2025-10", "2025-10"),
        ("2025", "2025"),
        ("Oktober 2025", "2025-10"),
        ("21. Oktober 2025", "2025-10-21"),
        ("gestern", ""),
        ("2025-13-40", ""),
        ("0000-00-00", ""),
    ],
)
def test_a_stated_value_is_read_in_its_own_precision(value: str, expected: str) -> None:
    """Machine values become the day in Berlin, or the month or year that they state; nonsense becomes nothing."""
    assert iso(dated(head=meta(value))) == expected


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
    stated = find_date(text, day_first=None)
    assert (stated.date.isoformat() if stated else "") == expected


def test_the_region_decides_about_slashes() -> None:
    """British pages put the day first, American ones the month, plain English is not guessed."""
    line = '<p class="date">05/06/2025</p>'
    assert iso(dated(line=line, language="en-GB")) == "2025-06-05"
    assert iso(dated(line=line, language="en-US")) == "2025-05-06"
    assert iso(dated(line=line, language="en")) == ""


@pytest.mark.parametrize(
    "line",
    [
        "<time>Oktober 2025</time>",
        '<p class="article-date">Oktober 2025</p>',
        "<p>Veröffentlicht: Oktober 2025</p>",
        '<aside><div class="byline">Von Anna Muster</div><div>Oktober 2025</div></aside>',
        '<p itemprop="datePublished" content="2025-10-14 10:31:00">Oktober 2025</p>',
    ],
)
def test_a_month_stays_a_month(line: str) -> None:
    """Where the page shows month and year only, no day is made up."""
    assert iso(dated(line=line)) == "2025-10"


@pytest.mark.parametrize(
    "line",
    ["<p>21. Oktober 2025</p>", "<p>Von Anna Muster, 21.10.2025</p>", '<span class="byline">21.10.2025, 8 Uhr</span>'],
)
def test_a_date_line_beside_the_headline_counts(line: str) -> None:
    """Bylines and lines that hold hardly more than a date state the day."""
    assert iso(dated(line=line)) == "2025-10-21"


def test_a_day_in_running_text_never_counts() -> None:
    """A page without metadata and date line has no date, whatever days its sentences and captions mention."""
    texts = (f"Am 21. Oktober 2025 war es so weit. {LONG}", f"Seit 20.10.2025 gilt das. {LONG}", LONG)
    caption = "<figure><img src='/a.jpg'><figcaption>Die Bahn am 15. Oktober 2025.</figcaption></figure>"
    short = "<p>Von Oktober 2025 an zahlen alle.</p><p>Erschienen ist das Buch am 3. Mai 2020.</p>"
    teaser = "<ul><li><a href='/b'>Talfest am 3. Mai 2026</a></li></ul>"
    assert dated(texts=texts, line=caption + short + teaser).date is None


def test_the_future_is_refused_but_a_day_of_skew_is_not() -> None:
    """A date after tomorrow is an error of its source, and the next source is asked."""
    assert iso(dated(head=json_ld("2026-06-02T08:00:00+02:00"))) == "2026-06-02"
    assert iso(dated(head=json_ld("2027-01-01") + meta("2026-05-30"))) == "2026-05-30"
    assert iso(dated(head=json_ld("2027-01-01"))) == ""


def test_sources_are_asked_in_the_order_of_their_worth() -> None:
    """JSON-LD before meta before feed before `<time>`; the origin is told."""
    hint = Entry(id="1", link="", title="", date=PartialDate(year=2026, month=5, day=3))
    line = '<time datetime="2026-05-04">4. Mai</time>'
    full = dated(head=json_ld("2026-05-01") + meta("2026-05-02"), line=line, hint=hint)
    assert (iso(full), full.origins["date"]) == ("2026-05-01", "JSON-LD datePublished")
    assert iso(dated(head=meta("2026-05-02"), line=line, hint=hint)) == "2026-05-02"
    from_feed = dated(line=line, hint=hint)
    assert (iso(from_feed), from_feed.origins["date"]) == ("2026-05-03", "feed")
    assert iso(dated(line=line)) == "2026-05-04"


def test_the_last_change_is_not_the_publication() -> None:
    """`Aktualisiert am` and dateModified are passed over."""
    modified = '<script type="application/ld+json">{"@type": "NewsArticle", "dateModified": "2026-05-20"}</script>'
    line = "<p>Aktualisiert am <time datetime='2026-05-20'>20.05.2026</time></p><p>Erstellt am 18.05.2026</p>"
    assert iso(dated(head=modified, line=line)) == "2026-05-18"


def is_no_midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second) != (0, 0, 0)


@given(
    st.datetimes(datetime.fromisoformat("1995-01-01"), datetime.fromisoformat("2026-01-01")).filter(is_no_midnight),
    st.integers(-14 * 4, 14 * 4),
    st.sampled_from(["Europe/Berlin", "UTC", "America/New_York", "Pacific/Auckland"]),
)
def test_every_zoned_time_becomes_the_day_in_the_readers_zone(naive: datetime, quarters: int, zone: str) -> None:
    """ISO stamps with any offset give the moment, and its day by the clocks of the reader's time zone."""
    moment = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters)))
    stated = parse_stamp(moment.isoformat(), timezone=zone)
    assert stated is not None
    assert stated.moment == moment
    assert stated.date == PartialDate.of(moment.astimezone(ZoneInfo(zone)).date())


@given(st.dates(date(1995, 1, 1), date(2026, 1, 1)))
def test_what_is_written_is_what_is_read(day: date) -> None:
    """A German date of any form is read back as the day that was written."""
    for text in (f"{day:%d.%m.%Y}", f"{day.day}. {day.month}. {day.year}", f"{day.isoformat()}"):
        stated = find_date(text, day_first=True)
        assert stated is not None
        assert stated.date == PartialDate.of(day)


@given(st.text(max_size=60))
def test_any_text_gives_a_date_or_none(text: str) -> None:
    """No input makes the readers raise."""
    for stated in (find_date(text, day_first=True), parse_stamp(text, timezone="Europe/Berlin")):
        assert stated is None or 1900 <= stated.date.year <= 2199
