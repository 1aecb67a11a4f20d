"""Feed bodies written for the tests of this room; what they report on is made up."""

from __future__ import annotations

from datetime import UTC, datetime

from watcher.feeds.identity import distinct_keys, link_key, own_keys, title_key
from watcher.feeds.parse import parse_feed
from watcher.model import EntryKeys, ParsedFeed

URL = "https://blatt.example/feed.xml"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def rss(items: str, *, head: str = "", prolog: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    """An RSS 2.0 feed around `items`."""
    return (
        f'{prolog}<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">'
        f"<channel><title>Das Blatt</title><link>https://blatt.example/</link>{head}{items}</channel></rss>"
    )


def atom(entries: str, *, attributes: str = "") -> str:
    """An Atom 1.0 feed around `entries`."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"{attributes}>'
        f'<title>Das Blatt</title><link href="https://blatt.example/"/><author><name>Redaktion Blatt</name></author>'
        f"{entries}</feed>"
    )


def parsed(body: str | bytes, *, content_type: str = "", url: str = URL, timezone: str = "Europe/Berlin") -> ParsedFeed:
    """The feed in `body`, text as UTF-8."""
    data = body.encode() if isinstance(body, str) else body
    return parse_feed(data, content_type=content_type, url=url, timezone=timezone, now=NOW)


def feed_keys(feed_key: str, feed: ParsedFeed) -> tuple[EntryKeys, ...]:
    """The keys of each entry of one body, in its order, as a whole listing gives them."""
    listed = [(own_keys(feed_key, entry), title_key(feed_key, entry)) for entry in feed.entries]
    return distinct_keys(listed, site=link_key(feed.site))
