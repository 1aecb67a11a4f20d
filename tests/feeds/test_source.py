"""The reading of an answer for discovery."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.feed_bodies import feed_body
from watcher.feeds.source import read_source, sitemaps_of
from watcher.feeds.source_values import SourceReading, joined_source
from watcher.model import Entry

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
URL = "https://www.blatt.example/x"
ENTRIES = [
    Entry(id=str(number), link=f"https://blatt.example/{number}", title="Titel", summary="Text", published_at=NOW)
    for number in range(3)
]


def read(body: bytes) -> SourceReading:
    return read_source(body, content_type="", url=URL, timezone="UTC", now=NOW)


@pytest.mark.parametrize("form", ["rss20", "rss10", "atom10", "json"])
def test_formats_of_one_list_have_the_same_keys(form: str) -> None:
    """Whatever ids they use."""
    source = read(feed_body(form, ENTRIES, title="Blatt", site="https://blatt.example/")).source
    assert source is not None
    other = read(feed_body("rss20", ENTRIES, title="Blatt", site="https://blatt.example/")).source
    assert other is not None
    assert (source.entries, source.listed) == (3, other.listed)
    assert source.title == "Blatt"


def test_a_long_list_is_cut() -> None:
    """The number of entries is whole, that of their keys is not."""
    items = "".join(f"<item><title>{number}</title><link>/{number}</link></item>" for number in range(1_500))
    source = read(f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>".encode()).source
    assert source is not None
    assert (source.entries, len(source.listed)) == (1_500, 1_000)


def test_a_page_is_read_for_its_links() -> None:
    """With the reason why it is not a source."""
    reading = read(b'<html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>')
    assert reading.source is None
    assert reading.page is not None
    assert [link.url for link in reading.page.feeds] == ["https://www.blatt.example/rss"]
    assert "web page" in reading.problem


@pytest.mark.parametrize("body", [b"", b"\x00\x1b[2J", b"<\x9b\x1b>", b'{"\x1b": ', b"%PDF\x1b", b"<a\x07b>"])
def test_a_problem_can_be_shown_on_a_terminal(body: bytes) -> None:
    """Without control characters, whatever the bytes are."""
    reading = read(body)
    assert reading.source is None
    assert reading.problem
    assert reading.problem.isprintable()


def index(*addresses: str) -> bytes:
    sitemaps = "".join(f"<sitemap><loc>{address}</loc></sitemap>" for address in addresses)
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{sitemaps}</sitemapindex>'.encode()


def test_of_an_index_the_sitemaps_of_news_are_taken() -> None:
    """By their paths; those of other sites are named, because nothing advertised vanishes without a word."""
    reading = read(
        index(
            "https://news.blatt.example/posts.xml",
            "https://media.blatt.example/news-1.xml",
            "https://anderes.example/news.xml",
        )
    )
    assert reading.sitemaps == ("https://media.blatt.example/news-1.xml", "https://anderes.example/news.xml")
    assert reading.more == 1
    plain = read(index(*(f"https://blatt.example/{number}.xml" for number in range(2_000))))
    assert (len(plain.sitemaps), plain.more) == (5, 1_995)


def test_sitemaps_of_robots_txt_are_addresses_each_once_news_first() -> None:
    """Relative ones too; other schemes and broken ones are left out, of very many the first hundred are taken."""
    robots = (
        b"\xef\xbb\xbfUser-agent: *\nSitemap: https://blatt.example/a.xml\nsitemap:/b.xml # neu\n"
        b"SITEMAP: https://blatt.example/news.xml\nSitemap: https://blatt.example/a.xml\nSitemap: file:///etc/passwd\n"
        b"Sitemap: https://[x/\nSitemap:\n\xff\xfe\x00\n"
    )
    found = sitemaps_of(robots, url="https://blatt.example/robots.txt")
    assert found == (
        "https://blatt.example/news.xml",
        "https://blatt.example/a.xml",
        "https://blatt.example/b.xml",
    )
    odd = "Sitemap: /\x1b[2J.xml\nSitemap: /\u202eb.xml\n".encode()
    assert sitemaps_of(odd, url="https://blatt.example/robots.txt") == (
        "https://blatt.example/%1B[2J.xml",
        "https://blatt.example/%E2%80%AEb.xml",
    )
    many = b"".join(b"Sitemap: /%d.xml\n" % number for number in range(5_000))
    assert len(sitemaps_of(many, url="https://blatt.example/robots.txt")) == 100


def test_an_index_is_one_source() -> None:
    """Its entries are those of its sitemaps, each once."""
    source = read(feed_body("rss20", ENTRIES, title="Blatt", site="")).source
    assert source is not None
    joined = joined_source([source, source])
    assert (joined.entries, joined.newest_at, joined.language) == (3, NOW, source.language)
