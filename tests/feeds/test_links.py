"""Links as feeds spell them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.feeds.bodies import URL, atom, parsed, rss
from watcher.feeds.identity import link_key, own_keys
from watcher.feeds.links import absolute_link
from watcher.model import Entry

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


SERVICE = "https://feeds.blatt.example/~r/blatt/~3/x1/"
PAGE = "https://blatt.example/7.html"
BURNER = 'xmlns:fb="http://rssnamespace.org/feedburner/ext/1.0"'


@pytest.mark.parametrize(
    "original",
    [
        f"<fb:origLink {BURNER}>{PAGE}</fb:origLink>",
        f"<feedburner:origLink {BURNER.replace('fb', 'feedburner')}>\u200b{PAGE} </feedburner:origLink>",
        f'<pheedo:origLink xmlns:pheedo="http://www.pheedo.com/namespace/pheedo">{PAGE}</pheedo:origLink>',
    ],
)
def test_the_original_link_is_the_second(original: str) -> None:
    """The link stays that of the service; the page's own address is beside it, or alone if there is no other."""
    item = f"<item><title>a</title><guid isPermaLink='false'>7</guid><link>{SERVICE}</link>{original}</item>"
    bodies = [
        rss(item),
        rss(item.replace("<title>", "<title unusual='x'>")),  # read by feedparser
        atom(f"<entry><id>7</id><title>a</title><link href='{SERVICE}'/>{original}</entry>"),
    ]
    assert [(one.link, one.second_link) for body in bodies for one in parsed(body).entries] == [(SERVICE, PAGE)] * 3
    (alone,) = parsed(rss(item.replace(f"<link>{SERVICE}</link>", ""))).entries
    (same,) = parsed(rss(item.replace(SERVICE, PAGE))).entries
    assert [(one.link, one.second_link) for one in (alone, same)] == [(PAGE, "")] * 2


def test_the_page_is_known_by_its_own_address() -> None:
    """The same page in a feed without FeedBurner has the same link key; the id is that of the feed, as before."""
    through = Entry(id="", link=SERVICE, title="a", second_link=PAGE)
    assert own_keys("A", through).link == link_key(PAGE)
    assert own_keys("A", through).id == own_keys("A", replace(through, second_link="")).id
    for useless in ("", "https://blatt.example/"):
        assert own_keys("A", replace(through, second_link=useless)).link == link_key(SERVICE)
