"""Hostile sitemaps: entities, bombs, floods and other roots end within limits, with a sentence."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from tests.feeds.bodies import parsed
from tests.feeds.sitemaps import HEAD, SITE, address, article, index, links, urlset
from watcher.errors import NotAFeed
from watcher.feeds.formats import sitemap


def test_declared_entities_are_never_expanded() -> None:
    """A billion laughs is a reference that nobody declared; a local file stays unread."""
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
    doctype = f'<!DOCTYPE urlset [{lol}<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    body = urlset(article(f"{SITE}/a", "X").replace(">X<", ">&l9;&file;<")).replace(HEAD, HEAD + doctype)
    (entry,) = parsed(body).entries
    assert entry.title == "&l9;&file;"


def zeros(size: int) -> Iterator[bytes]:
    """A gzip file of a sitemap with so many spaces."""
    packer = zlib.compressobj(9, wbits=31)
    yield packer.compress(urlset(article(f"{SITE}/a", "Hafen")).removesuffix("</urlset>").encode())
    for _ in range(size // 2**20):
        yield packer.compress(b"\n" * 2**20)
    yield packer.flush()


def test_a_bomb_in_gzip_ends_early() -> None:
    """Two hundred megabytes of white space: an element of that length is not read to its end."""
    feed = parsed(b"".join(zeros(200 * 2**20)))
    assert links(feed) == ["/a"]
    assert feed.problem == "has an element of more than 1 MB; what follows it is not read"


def test_no_more_than_fifty_megabytes_are_read() -> None:
    """Also of gzip, where they are inflated; the problem says so."""
    filler = f"<url><loc>{SITE}/alt</loc><!-- {' ' * 2**19} --></url>" * 130
    data = urlset(article(f"{SITE}/a", "Hafen") + filler).encode()
    for body in (data, gzip.compress(data, 1)):
        feed = parsed(body)
        assert (links(feed), feed.problem) == (["/a"], "has more than 50 MB; only its beginning is read")


def test_the_first_fifty_thousand_addresses_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The problem names that number; what is listed behind them is not read."""
    old = address(f"{SITE}/alt", "2020-01-01")
    body = urlset(old * 49_999 + article(f"{SITE}/a", "Hafen") + article(f"{SITE}/b", "Werft"))
    feed = parsed(body)
    assert (links(feed), feed.problem) == (["/a"], "has more than 50,000 addresses; only the first 50,000 are read")
    assert parsed(body.replace(article(f"{SITE}/b", "Werft"), "")).problem == ""
    monkeypatch.setattr(sitemap, "MAX_ADDRESSES", 3)
    feed = parsed(index({f"{SITE}/{n}": "" for n in range(10)}))
    assert len(feed.sitemaps) == 3
    assert "more than 3 addresses" in feed.problem


@pytest.mark.slow
def test_two_million_addresses_take_no_more_memory_than_a_few() -> None:
    """Two hundred megabytes in half of one of gzip: the memory is that of a piece, not of the body."""
    packer = zlib.compressobj(9, wbits=31)
    many = address(f"{SITE}/alt", "2020-01-01") * 10_000
    data = packer.compress(urlset("").removesuffix("</urlset>").encode())
    data += b"".join(packer.compress(many.encode()) for _ in range(200)) + packer.flush()
    tracemalloc.start()
    feed = parsed(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "50,000" in feed.problem
    assert peak < 4 * 2**20


def test_long_texts_of_many_entries_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a parser process returns is bounded; the problem says how many were read."""
    monkeypatch.setattr(sitemap, "MAX_SITEMAP_TEXT", 1_000_000)
    feed = parsed(urlset("".join(article(f"{SITE}/{n}/{'x' * 2000}", "Hafen") for n in range(1000))))
    assert 400 < len(feed.entries) < 500
    assert f"only the first {len(feed.entries)} are read" in feed.problem


def test_deep_nesting_ends_with_its_entry() -> None:
    """A hundred thousand open elements in one entry cost only that one."""
    deep = f"<url><loc>{SITE}/x</loc>{'<a>' * 100_000}{'</a>' * 100_000}</url>"
    feed = parsed(urlset(article(f"{SITE}/a", "Hafen") + deep + article(f"{SITE}/b", "Werft")))
    assert links(feed) == ["/a", "/b"]
    assert "1 of its entries are not well-formed" in feed.problem


def test_a_flood_of_attributes_is_read_in_passing() -> None:
    """A tag of half a megabyte; its entry counts."""
    flood = " ".join(f'a{n}="{n}"' for n in range(50_000))
    feed = parsed(urlset(article(f"{SITE}/a", "Hafen").replace("<url>", f"<url {flood}>")))
    assert links(feed) == ["/a"]


def test_a_feed_that_mentions_a_sitemap_is_a_feed() -> None:
    """The root decides, not the text."""
    body = (
        "<rss version='2.0'><channel><title>urlset</title><item><link>https://a.example/1</link></item></channel></rss>"
    )
    assert parsed(body).format == "rss20"
    with pytest.raises(NotAFeed, match="web page"):
        parsed("<html><head><title>x</title></head><body><urlset></urlset></body></html>")


def test_only_a_sitemap_may_be_larger_than_a_feed() -> None:
    """A feed of 17 MB is refused before it is decoded."""
    with pytest.raises(NotAFeed, match="more than 16 MB"):
        parsed(b"<rss><channel>" + b" " * (17 * 2**20))


def test_a_sitemap_with_a_late_root_is_refused_as_one() -> None:
    """After 64 KiB of comments; the sentence says that it is a sitemap."""
    with pytest.raises(NotAFeed, match="a sitemap"):
        parsed(f"{HEAD}<!--{'x' * 70_000}-->" + urlset(article(f"{SITE}/a", "Hafen")))
