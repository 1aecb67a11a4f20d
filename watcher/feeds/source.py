"""Reads bytes for discovery: a feed or news sitemap, a list of sitemaps, a page that advertises feeds, a robots.txt.

    bytes | parse_feed | Source, or the sitemaps of an index          not a feed: | page_links | PageLinks

Runs in a parser process. Its results are small, also those of large bodies.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from protego import Protego

from watcher.errors import NotAFeed
from watcher.feeds.comments import names_comments
from watcher.feeds.discover import page_links, printable, printable_address
from watcher.feeds.identity import own_keys, title_key
from watcher.feeds.links import absolute_link
from watcher.feeds.parse import parse_feed
from watcher.feeds.source_values import MOST_LISTED, Source, SourceReading
from watcher.model import Entry, ParsedFeed

MOST_SITEMAPS = 100
_MOST_OF_INDEX = 5


def read_source(body: bytes, *, content_type: str, url: str, timezone: str, now: datetime) -> SourceReading:
    """Reads an answer from `url` as a feed or sitemap, else as a page. Never raises for content."""
    try:
        feed = parse_feed(body, content_type=content_type, url=url, timezone=timezone, now=now)
    except NotAFeed as error:
        links = page_links(body, url=url, content_type=content_type)
        return SourceReading(page=links, problem=printable(str(error)) or "not a feed")
    if feed.is_index:
        return _index(feed)
    return SourceReading(source=_source(feed, url))


def sitemaps_of(robots: bytes, *, url: str) -> tuple[str, ...]:
    """Returns the absolute addresses of the `Sitemap:` lines of the robots.txt at `url`, each once, at most 100.

    Those that are named after news come first.
    """
    named = Protego.parse(robots.decode("utf-8", errors="replace")).sitemaps
    return _news_first(printable_address(absolute_link(address, base=url)) for address in named)[:MOST_SITEMAPS]


def _index(feed: ParsedFeed) -> SourceReading:
    """Takes the sitemaps of the same site that are named after news, or else those that were modified last.

    Of other sites a few are named, so that a person sees them.
    """
    own = [address for address in feed.sitemaps if _is_of_news(address)] or feed.sitemaps
    taken = (*own[:_MOST_OF_INDEX], *feed.foreign_sitemaps[:_MOST_OF_INDEX])
    return SourceReading(
        sitemaps=tuple(filter(None, map(printable_address, taken))),
        more=len(feed.sitemaps) + len(feed.foreign_sitemaps) - len(taken),
        problem="an index of sitemaps",
    )


def _is_of_news(address: str) -> bool:
    return "news" in urlsplit(address).path.lower()


def _news_first(addresses: Iterable[str]) -> tuple[str, ...]:
    known = dict.fromkeys(address for address in addresses if address)
    return tuple(sorted(known, key=lambda address: not _is_of_news(address)))


def _source(feed: ParsedFeed, url: str) -> Source:
    times = [entry.published_at for entry in feed.entries if entry.published_at]
    listed = feed.entries[:MOST_LISTED]
    return Source(
        format=feed.format,
        title=printable(feed.title),
        language=printable(feed.language),
        entries=len(feed.entries),
        newest_at=max(times, default=None),
        listed=frozenset(map(_entry_key, listed)),
        text=sum(len(entry.text) for entry in listed) // max(1, len(listed)),
        comments=names_comments(url, feed.title),
        problem=printable(feed.problem),
    )


def _entry_key(entry: Entry) -> int:
    """The key of the entry's page; without one, that of its title."""
    return own_keys("", entry).link or title_key("", entry)
