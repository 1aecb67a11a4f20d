"""Links as feeds spell them."""

from __future__ import annotations

import json

import pytest

from tests.feeds.bodies import URL, atom, parsed, rss
from watcher.feeds.links import absolute_link

SIGNS = ["\u200b", "\u2060", "\ufeff", "\u00a0", "\u200e", "\u00ad", "\u200b\u200b\n"]


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("link", ["https://blatt.example/7.html", "/7.html", "7.html", "//blatt.example/7.html"])
def test_signs_around_a_link_are_no_part_of_it(sign: str, link: str) -> None:
    """Characters that nobody sees, before or after a link, whether it is absolute or not."""
    assert absolute_link(sign + link + sign, base=URL) == "https://blatt.example/7.html"


@pytest.mark.parametrize("sign", SIGNS)
def test_every_format_of_feed_is_read_so(sign: str) -> None:
    """RSS links and permalinks, Atom links, JSON Feed links and ids."""
    address = f"{sign}https://blatt.example/7.html{sign}"
    items = [{"id": address}, {"id": "1", "url": address}]
    bodies = [
        rss(f"<item><title>a</title><link>{address}</link></item>"),
        rss(f"<item><title>a</title><guid>{address}</guid></item>"),
        rss(f"<item><title>a</title><guid isPermaLink='false'>7</guid><link><![CDATA[{address}]]></link></item>"),
        atom(f"<entry><id>7</id><title>a</title><link href='{address}'/></entry>"),
        *(json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item]}) for item in items),
    ]
    assert [[one.link for one in parsed(body).entries] for body in bodies] == [["https://blatt.example/7.html"]] * 6


def test_links_to_feeds_are_links() -> None:
    """`feed:` before a link is the name of a program, not of a protocol."""
    for link in ("feed:https://blatt.example/7", "feed://https://blatt.example/7"):
        assert absolute_link(link, base=URL) == "https://blatt.example/7"
    assert absolute_link("feed://blatt.example/7", base=URL) == "https://blatt.example/7"
