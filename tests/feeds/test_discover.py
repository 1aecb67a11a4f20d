"""The feeds that a page advertises, and its other links that lead to feeds."""

from __future__ import annotations

import pytest

from watcher.feeds.discover import MOST_LINKS, advertised_feeds, page_links
from watcher.feeds.guesses import usual_addresses

URL = "https://blatt.example/politik/"
HOME = "https://blatt.example/"


@pytest.mark.parametrize(
    ("page", "feeds"),
    [
        ('<link rel="alternate" type="application/rss+xml" href="/rss">', ["https://blatt.example/rss"]),
        ("<LINK TYPE=application/atom+xml REL=Alternate HREF=atom.xml>", ["https://blatt.example/politik/atom.xml"]),
        ("<link rel='home alternate' type='application/feed+json; charset=utf-8' href='f.json'/>", [URL + "f.json"]),
        (
            '<base href="https://netz.example/x/"><link rel=alternate type=text/xml href=f>',
            ["https://netz.example/x/f"],
        ),
        (
            '<link rel="alternate" type="application/rss+xml" href="feed://blatt.example/f">',
            ["https://blatt.example/f"],
        ),
        ('<link rel="alternate" type="application/json" href="/wp-json/1">', []),
        ('<link rel="alternate" type="text/xml" href="/wp-json/oembed/1.0/embed?format=xml">', []),
        ('<link rel="alternate" type="application/json+oembed" href="/o?url=x">', []),
        ('<link rel="alternate" type="text/xml" href="/services/oembed?url=x">', []),
        ('<link rel="hub" type="application/rss+xml" href="https://hub.example/">', []),
        ('<link rel="alternate" type="application/rss+xml" href="/comments/feed/">', [HOME + "comments/feed/"]),
        (
            '<link rel="alternate" type="application/rss+xml" href="/x/feed/" title="Blatt » X-Kommentar-Feed">',
            [HOME + "x/feed/"],
        ),
        ('<link rel="alternate" type="application/rss+xml" href="https://anna:pw@blatt.example/f#x">', [HOME + "f"]),
        ('<link rel="alternate" type="application/rss+xml" href="/a\x1b\u202e.xml">', [HOME + "a%1B%E2%80%AE.xml"]),
        (f'<link rel="alternate" type="application/rss+xml" href="/{"x" * 9_000}">', []),
        ('<link rel="alternate" hreflang="en" href="/en/">', []),
        ('<link rel="stylesheet" type="text/css" href="/a.css">', []),
        ('<link rel="alternate" type="application/rss+xml" href="javascript:x()">', []),
        ('<link rel="alternate" type="application/rss+xml" href="https://[x/">', []),
        ('<!-- <link rel="alternate" type="application/rss+xml" href="/alt"> -->', []),
        ('<script>"<link rel=alternate type=application/rss+xml href=/js>"</script>', []),
        ("", []),
    ],
)
def test_advertised_feeds_are_found(page: str, feeds: list[str]) -> None:
    """Alternate links of a feed's type, absolute; what comments and scripts hold is not taken."""
    assert list(advertised_feeds(f"<html><head>{page}</head></html>".encode(), url=URL)) == feeds


def test_each_feed_is_named_once_and_few_in_all() -> None:
    """Doubles are dropped, twenty are enough."""
    link = '<link rel="alternate" type="application/rss+xml" href="/rss{}">'
    page = "".join(link.format(number // 2) for number in range(100)).encode()
    feeds = advertised_feeds(page, url=URL)
    assert feeds == tuple(f"https://blatt.example/rss{number}" for number in range(20))


def test_discovery_learns_more_of_a_page() -> None:
    """Feeds of comments are marked; the canonical address is absolute; what is too much is counted."""
    rss = '<link rel="alternate" type="application/rss+xml" title="{}" href="/{}">'
    page = (
        '<link rel="canonical" href="/artikel/1">'
        + rss.format("Blatt&amp;Co\x07\u202e", "rss")
        + rss.format("Kommentare als Feed", "k")
        + "".join(rss.format("", number) for number in range(1_000))
    )
    links = page_links(page.encode(), url=URL)
    assert links.canonical == HOME + "artikel/1"
    assert [(link.url, link.title, link.comments) for link in links.feeds[:2]] == [
        (HOME + "rss", "Blatt&Co", False),
        (HOME + "k", "Kommentare als Feed", True),
    ]
    assert (len(links.feeds), links.more) == (MOST_LINKS, 1_002 - MOST_LINKS)


def test_a_section_of_opinion_is_not_one_of_comments() -> None:
    """Newspapers name it `kommentare`."""
    page = '<link rel="alternate" type="application/rss+xml" title="Kommentare" href="/meinung/kommentare/rss">'
    assert advertised_feeds(page.encode(), url=URL) == (HOME + "meinung/kommentare/rss",)


def test_feeds_of_comments_are_named_last() -> None:
    """Nobody means them by the address of a page, but none vanishes without a word."""
    rss = '<link rel="alternate" type="application/rss+xml" href="/{}">'
    page = rss.format("comments.xml") + rss.format("feed.xml")
    assert advertised_feeds(page.encode(), url=URL) == (HOME + "feed.xml", HOME + "comments.xml")


@pytest.mark.parametrize(
    "piece", ["<link ", '<link rel="', "<link a='\"", "<script>", "<!--", "<base href=", "<link x>"]
)
def test_hostile_pages_take_linear_time(piece: str) -> None:
    """A page of one piece of markup, repeated, ends without feeds."""
    assert page_links((piece * 300_000).encode(), url=URL).feeds == ()


@pytest.mark.parametrize(
    ("url", "folders"),
    [
        ("https://blatt.example", [""]),
        ("https://blatt.example/index.html?x#y", [""]),
        ("https://blatt.example/politik/", ["", "politik/"]),
        ("https://blatt.example/politik/seite.html", ["", "politik/"]),
        ("https://blatt.example/politik/inland", ["", "politik/inland/", "politik/"]),
    ],
)
def test_usual_addresses_are_at_the_root_and_in_the_folder(url: str, folders: list[str]) -> None:
    """A last part without a dot may be a folder itself; no address twice."""
    addresses = usual_addresses(url)
    for name in ("feed", "rss", "rss.xml", "feed.xml", "atom.xml", "index.xml", "feed.json", "news-sitemap.xml"):
        assert {HOME + folder + name for folder in folders} <= set(addresses)
    assert len(addresses) == len(set(addresses)) <= 45
    assert {address for address in addresses if address.endswith("/feed")} == {HOME + f + "feed" for f in folders}
