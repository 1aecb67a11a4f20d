"""The feeds that a page advertises."""

from __future__ import annotations

import pytest

from watcher.feeds.discover import advertised_feeds

URL = "https://blatt.example/politik/"


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
