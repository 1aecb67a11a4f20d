"""Sitemaps to entries: which addresses count, what is read of them, what is new in the next body, and indexes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.feeds.bodies import NOW, URL, parsed
from tests.feeds.sitemaps import HEAD, NEWS, SITE, SITEMAP, address, article, index, links, urlset
from watcher.feeds.listing import FeedNews, Listing
from watcher.feeds.parse import parse_news
from watcher.model import NEWS_SITEMAP, SITEMAP_INDEX, Entry


def news(body: str, before: FeedNews | None = None, *, now: datetime = NOW) -> FeedNews:
    """What a sitemap brings beyond the one before."""
    listing = Listing.unpack(before.listing) if before else None
    return parse_news(
        body.encode(), content_type="", url=URL, timezone="Europe/Berlin", now=now, feed_key="blatt", before=listing
    )


# -- what counts, and what is read of it -------------------------------------------------------------------------------


def test_an_article_is_read_with_title_date_language_and_keywords() -> None:
    """The keywords are its text, the time of publication is its date, and the modification is not."""
    body = article(f"{SITE}/a?x=1&y=2", "Hafen & Werft", keywords="Hafen, Werft", lastmod="2026-11-20", language="nds")
    feed = parsed(urlset(body))
    assert feed.entries == (
        Entry(
            id=f"{SITE}/a?x=1&y=2",
            link=f"{SITE}/a?x=1&y=2",
            title="Hafen & Werft",
            summary="Hafen, Werft",
            published_at=datetime(2026, 11, 28, 8, 30, tzinfo=UTC),
            date=feed.entries[0].date,
            language="nds",
        ),
    )
    assert (feed.format, feed.title, feed.language, feed.problem) == (NEWS_SITEMAP, "Das Blatt", "nds", "")


@pytest.mark.parametrize(
    ("published", "date"),
    [
        ("2026-11-28T23:30:00Z", "2026-11-29"),
        ("2026-11-28", "2026-11-28"),
        ("2026-11", "2026-11"),
        ("2026", "2026"),
        ("2026-02-31", ""),
        ("gestern", ""),
        ("0000-00-00T00:00:00Z", ""),
        ("9" * 5000, ""),
        ("", ""),
    ],
)
def test_a_date_has_the_precision_of_its_source(published: str, date: str) -> None:
    """A day stays a day, a month a month; nonsense gives none, and the article counts nevertheless."""
    (entry,) = parsed(urlset(article(f"{SITE}/a", "Hafen", published=published))).entries
    assert (entry.date.isoformat() if entry.date else "") == date


@pytest.mark.parametrize(
    ("lastmod", "counts"),
    [
        ("2026-11-28", True),
        ("2026-11-26", True),
        ("2026-11-25", False),
        ("2026-11-26T12:00:00Z", True),
        ("2026-11-26T11:59:59Z", False),
        ("2026-11-28T13:00:00.123+01:00", True),
        ("2026-11-28 10:00:00", True),
        ("2099-01-01", False),
        ("2026-11", False),
        ("2026", False),
        ("neulich", False),
        ("", False),
    ],
)
def test_an_address_without_news_tags_counts_for_two_days(lastmod: str, counts: bool) -> None:
    """Its modification says so, in days or by the second; without one that can be read it does not count."""
    feed = parsed(urlset(address(f"{SITE}/a", lastmod) + article(f"{SITE}/b", "Werft", lastmod="2020-01-01")))
    assert links(feed) == (["/a", "/b"] if counts else ["/b"])
    assert feed.entries[0].date is None or not counts


@pytest.mark.parametrize("prefix", ["news", "n", "google.news"])
def test_the_namespace_decides_with_any_prefix(prefix: str) -> None:
    """Any prefix may stand for the namespace of news; also one that the element itself declares."""
    outside = urlset(article(f"{SITE}/a", "Hafen", prefix=prefix), news=prefix)
    inside = article(f"{SITE}/a", "Hafen", prefix=prefix).replace(
        f"<{prefix}:news>", f'<{prefix}:news xmlns:{prefix}="{NEWS}">'
    )
    assert [entry.title for entry in parsed(outside).entries] == ["Hafen"]
    assert [entry.title for entry in parsed(f'{HEAD}<urlset xmlns="{SITEMAP}">{inside}</urlset>').entries] == ["Hafen"]
    of_root = urlset(article(f"{SITE}/a", "Hafen")).replace("<url", "<s:url").replace("</url", "</s:url")
    of_root = of_root.replace("loc>", "s:loc>").replace("</s:loc", "</s:loc").replace("<s:loc", "<s:loc")
    assert links(parsed(of_root.replace("xmlns=", "xmlns:s="))) == ["/a"]


def test_the_prefix_of_news_in_another_namespace_means_nothing() -> None:
    """Neither tags nor addresses of a foreign namespace are read, such as the locations of images."""
    foreign = urlset(article(f"{SITE}/a", "Hafen")).replace(NEWS, "http://www.example.com/schemas/other")
    assert parsed(foreign).entries == ()
    images = ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
    picture = (
        "<image:image><image:loc>https://bild.example/1.jpg</image:loc><image:title>Bild</image:title></image:image>"
    )
    body = urlset(article(f"{SITE}/a", "Hafen").replace("</url>", f"{picture}</url>"), namespaces=images)
    assert [(entry.link, entry.title) for entry in parsed(body).entries] == [(f"{SITE}/a", "Hafen")]


def test_an_undeclared_prefix_of_news_is_forgiven() -> None:
    """Real sitemaps forget the declaration; a strict parser would read nothing at all."""
    body = f'<urlset xmlns="{SITEMAP}">{article(f"{SITE}/a", "Hafen")}</urlset>'
    assert [entry.title for entry in parsed(body).entries] == ["Hafen"]


def test_the_same_page_counts_once() -> None:
    """An address that comes again, also with a fragment, a tracking parameter or the other scheme."""
    spellings = (f"{SITE}/a", f"{SITE}/a#x", f"{SITE}/a?utm_source=s", "http://blatt.example/a")
    assert links(parsed(urlset("".join(article(one, "Hafen") for one in spellings)))) == ["/a"]


def test_addresses_that_cannot_be_fetched_are_left_out() -> None:
    """Other schemes, nothing at all, and overlong ones; a relative one is joined to the sitemap's."""
    bad = ("javascript:alert(1)", "", "ftp://blatt.example/a", f"{SITE}/{'x' * 9000}", "http://[::1", "/b")
    feed = parsed(urlset("".join(article(one, "Hafen") for one in bad)))
    assert links(feed) == ["/b"]


def test_texts_are_plain_and_bounded() -> None:
    """Markup and control characters go, CDATA is read, long texts are cut."""
    body = article(f"{SITE}/a", "X", keywords="k").replace(">X<", f"><![CDATA[<b>Hafen</b> &amp; \x07{'x' * 5000}]]><")
    (entry,) = parsed(urlset(body)).entries
    assert entry.title.startswith("Hafen & xxx")
    assert len(entry.title) == 1000


def test_languages_are_those_of_the_articles() -> None:
    """A sitemap in two languages declares none for all."""
    feed = parsed(urlset(article(f"{SITE}/a", "Hafen") + article(f"{SITE}/b", "Harbour", language="en")))
    assert ([entry.language for entry in feed.entries], feed.language) == (["de", "en"], "")


# -- from poll to poll -------------------------------------------------------------------------------------------------


def test_a_changed_modification_alone_is_no_news() -> None:
    """Neither with news tags nor without; a changed title is."""
    before = news(urlset(article(f"{SITE}/a", "Hafen", lastmod="2026-11-27") + address(f"{SITE}/b", "2026-11-27")))
    same = news(
        urlset(article(f"{SITE}/a", "Hafen", lastmod="2026-11-28") + address(f"{SITE}/b", "2026-11-28")), before
    )
    assert (same.feed.entries, same.settled) == ((), 2)
    changed = news(urlset(article(f"{SITE}/a", "Werft", lastmod="2026-11-28") + address(f"{SITE}/b")), same)
    assert ([entry.title for entry in changed.feed.entries], changed.settled) == (["Werft"], 1)
    assert changed.keys[0].id == before.keys[0].id


def test_an_address_that_loses_its_news_tags_stays_known() -> None:
    """Publishers remove the tags after two days, as the search engine asks: no reason to fetch the article again."""
    before = news(urlset(article(f"{SITE}/a", "Hafen") + article(f"{SITE}/b", "Werft")))
    bare = urlset(address(f"{SITE}/a", "2026-11-30") + address(f"{SITE}/b", "2026-11-20"))
    after = news(bare, before, now=NOW + timedelta(days=2))
    assert (after.feed.entries, after.settled, after.regained) == ((), 2, ())
    again = news(urlset(article(f"{SITE}/a", "Hafen") + address(f"{SITE}/b", "2027-05-01")), after, now=NOW)
    assert (again.feed.entries, again.settled) == ((), 2)


# -- indexes -----------------------------------------------------------------------------------------------------------


def test_an_index_lists_its_sitemaps_the_likeliest_first() -> None:
    """Undated ones, which may be new, then the latest; of the former news, then first and last; never itself."""
    dates = {"/1.xml": "2026-11-01", "/2.xml": "2026-11-28T10:00:00Z"}
    dates |= {"/a.xml": "", "/b.xml": "?", "/news.xml": "", "/c.xml": "9999-99-99"}
    feed = parsed(index({URL: "2026-11-28"} | {f"{SITE}{path}": date for path, date in dates.items()}))
    assert (feed.format, feed.entries) == (SITEMAP_INDEX, ())
    paths = [one.removeprefix(SITE) for one in feed.sitemaps]
    assert paths == ["/news.xml", "/a.xml", "/c.xml", "/b.xml", "/2.xml", "/1.xml"]


@pytest.mark.parametrize(
    ("home", "own", "foreign"),
    [
        ("https://www.blatt.co.uk/", "https://news.blatt.co.uk/1.xml", "https://anderes.co.uk/1.xml"),
        ("https://anna.github.io/", "https://anna.github.io/1.xml", "https://bert.github.io/1.xml"),
        ("http://127.0.0.1:80/", "http://127.0.0.1:81/1.xml", "http://127.0.0.2/1.xml"),
    ],
)
def test_an_index_keeps_sitemaps_of_other_sites_apart(home: str, own: str, foreign: str) -> None:
    """Sites are registrable domains of the public suffix list; the rest is listed, so that a person sees it."""
    feed = parsed(index({foreign: "", own: ""}), url=f"{home}index.xml")
    assert (feed.sitemaps, feed.foreign_sitemaps) == ((own,), (foreign,))
