"""Dates: which source counts, in what precision, and that nothing is invented."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch

import pytest

from tests.articles.newspage import news_page, paragraphs
from watcher.articles import article_of_entry, extract_article, publication_date
from watcher.articles.blocks import blocks
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
    """JSON-LD before meta before feed before `<time>`; the origin is recorded."""
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


@pytest.mark.parametrize(
    "line",
    [
        "<p>Veröffentlicht: 18.05.2026, 10:00 Uhr | Aktualisiert: 20.05.2026, 08:15 Uhr</p>",
        "<p>Aktualisiert am 20. Mai 2026 · Veröffentlicht am 18. Mai 2026</p>",
        "<p>18.05.2026, zuletzt geändert 20.05.2026</p>",
        "<p>Veröffentlicht am 18.05.2026 um 06:15 Uhr, aktualisiert um 08:15 Uhr</p>",
        "<time datetime='2026-05-20'>Veröffentlicht 18.05.2026 Aktualisiert 20.05.2026</time>",
        "<p>Published <time datetime='2026-05-18'>May 18</time>, updated <time datetime='2026-05-20'>May 20</time></p>",
        "<p>Updated <time datetime='2026-05-20'>May 20</time>, published <time datetime='2026-05-18'>May 18</time></p>",
        "<time class='entry-date published updated' datetime='2026-05-18T08:00:00+02:00'>18. Mai</time>",
        "<p><span>Geändert: <time datetime='2026-05-20'>20. Mai</time></span><time datetime='2026-05-18'></time></p>",
    ],
)
def test_of_publication_and_change_the_publication_counts(line: str) -> None:
    """Whether both are in one line, in one `<time>`, or in two, in any order."""
    assert iso(dated(line=line)) == "2026-05-18"


@pytest.mark.parametrize(
    "line",
    [
        "<div>Anna Musterfrau / 22.04.2020 / 06:15 /</div>",
        "<div>Dr. Anna-Katharina Musterfrau-Beispielhausen / 22.04.2020 / 06:15 /</div>",
        "<p>22.04.2020 | 06:15 Uhr | Anna Musterfrau, Talheim</p>",
        "<div><a rel='author' href='/autoren/muster'>Anna Musterfrau</a> / 22.04.2020 / 06:15 /</div>",
        "<ul><li>Anna Musterfrau</li><li>22. April 2020</li></ul>",
        "<p>Von A. um <a href='/a'><abbr class='published' title='2020-04-22T09:00:00Z'>9 Uhr</abbr></a></p>",
    ],
)
def test_bylines_are_read(line: str) -> None:
    """The date of a byline counts, whatever signs part it from the name, the time and the place."""
    assert iso(dated(line=line)) == "2020-04-22"


@pytest.mark.parametrize(
    "line",
    [
        '<blockquote class="twitter-tweet"><p>Endlich!</p><time datetime="2020-04-22">22. April</time></blockquote>',
        "<blockquote><p>Anna Muster, 22.04.2020</p></blockquote>",
        '<div class="mastodon-embed"><span class="date">22.04.2020</span></div>',
        '<div class="social-embed__post"><time datetime="2020-04-22">22. April</time></div>',
        '<div class="quoted-post"><p>Veröffentlicht: 22.04.2020</p></div>',
    ],
)
def test_dates_of_quotations_and_embeds_do_not_count(line: str) -> None:
    """The date inside a quotation or an embedded post belongs to what is quoted."""
    assert iso(dated(line=line)) == ""


@pytest.mark.parametrize(
    "line",
    [
        "<p>Standort Talheim, eröffnet 12.05.1998, sechzig Boote</p>",
        "<p>Datumsgrenze überschritten am 12. Mai 1998 bei Nacht und Nebel</p>",
        "<p>Postedia gegründet 12. Mai 1998 von drei Studenten im Tal</p>",
    ],
)
def test_a_label_is_a_whole_word(line: str) -> None:
    """Words that only begin like a label do not make a date line."""
    assert iso(dated(line=line)) == ""


@pytest.mark.parametrize(
    "item", ["Stand: 12. Mai 1998", "Erschienen am 12. Mai 1998", "12. Mai 1998", "Talheim, 12.05.1998"]
)
def test_a_date_in_the_middle_of_the_text_does_not_count(item: str) -> None:
    """A label or a bare date counts beside the headline, not between the paragraphs of the text."""
    blocks = [*paragraphs(LONG), f"<ul><li>{item}</li><li>Zwei Kräne</li></ul>", *paragraphs(*TEXTS)]
    page = news_page(headline=HEADLINE, blocks=blocks)
    article = extract_article(
        page, content_type="text/html", url="https://talbote.example/a", timezone="Europe/Berlin", now=NOW
    )
    assert article.date is None


def test_a_labelled_line_at_the_foot_of_the_text_counts() -> None:
    """Some outlets give the date behind the text, in a line of nothing but a label and the date."""
    assert iso(dated(texts=(*TEXTS, "Stand: 12. Mai 2026, 10 Uhr"))) == "2026-05-12"
    assert iso(dated(texts=(*TEXTS, "Stand der Bauarbeiten am 12. Mai 2026"))) == ""


def test_a_date_line_counts_without_long_paragraphs() -> None:
    """A short notice has its date line too, also behind a long cookie notice at the top of the page."""
    short = ("Die Bergbahn fährt wieder.", "Im Tal ist die Freude groß.", *TEXTS)
    assert iso(dated(line="<p>12.05.2026</p>", texts=short)) == "2026-05-12"
    page = news_page(
        headline=HEADLINE, blocks=["<p>12.05.2026</p>", *paragraphs(*["Ein Satz ohne Länge." for _ in range(30)])]
    )
    page = page.replace(b"<header>", f"<div>{LONG}</div><header>".encode())
    article = extract_article(
        page, content_type="text/html", url="https://talbote.example/a", timezone="Europe/Berlin", now=NOW
    )
    assert iso(article) == "2026-05-12"


def test_the_feeds_date_is_kept_as_the_feed_stated_it() -> None:
    """Midnight in another zone stays the feed's day, and a date in the future is left out, with or without a page."""
    midnight = datetime(2026, 5, 2, 21, tzinfo=UTC)
    hint = Entry(id="1", link="", title="", published_at=midnight, date=PartialDate(year=2026, month=5, day=3))
    assert iso(dated(hint=hint)) == "2026-05-03"
    fair = Entry(id="1", link="", title="Fest", content=LONG, date=PartialDate(year=2038, month=11, day=20))
    assert iso(dated(hint=fair)) == ""
    assert article_of_entry(fair, site="", now=NOW).date is None
    plain = extract_article(
        LONG.encode(), content_type="text/plain", url="https://talbote.example/a", timezone="UTC", now=NOW, hint=fair
    )
    assert plain.date is None


@pytest.mark.parametrize(("head", "cut"), [(meta("2026-05-12"), 0), ("", 1)])
def test_a_page_whose_date_alone_is_wanted_is_cut_into_blocks_only_for_date_lines(head: str, cut: int) -> None:
    """Two thirds of the time of such a page."""
    page = news_page(headline=HEADLINE, blocks=["<p>Stand: 12. Mai 2026</p>", *paragraphs(*TEXTS)], head=head)
    entry = Entry(id="1", link="https://talbote.example/a", title=HEADLINE)
    with patch("watcher.articles.page.blocks", wraps=blocks) as cutting:
        found = publication_date(
            page, content_type="text/html", url=entry.link, timezone="Europe/Berlin", now=NOW, entry=entry
        )
    assert (found, cutting.call_count) == (PartialDate(year=2026, month=5, day=12), cut)
