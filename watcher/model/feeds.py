"""Feeds and entries, and what the store knows of an entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

from watcher.model.dates import PartialDate

FeedId = NewType("FeedId", int)
EntryId = NewType("EntryId", int)

FEED, NEWS_SITEMAP = "feed", "news sitemap"  # the kinds of feeds
SITEMAP_INDEX = "index of sitemaps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of a feed, as the feed gives it; all texts are plain (no tags, no entities).

    `id` is the feed's own id, "" if it gives none. `link` is absolute and otherwise exactly as given, "" if there
    is none. `second_link`: the page's own address where `link` leads over a service (FeedBurner), else "".
    `published_at` is set only if the feed states a time with its zone; `date` is that moment's day in the
    reader's time zone, or the less precise date that the feed states. `language`: the one that the feed states for
    this entry alone, "" if none.
    """

    id: str
    link: str
    title: str
    summary: str = ""
    content: str = ""
    author: str = ""
    published_at: datetime | None = None
    date: PartialDate | None = None
    second_link: str = ""
    language: str = ""

    @property
    def text(self) -> str:
        """The longer of content and summary."""
        return max(self.content, self.summary, key=len)

    @property
    def feed_text(self) -> str:
        """The feed's own text of the entry, with its title. Hits of `HitField.FEED` point into it."""
        return f"{self.title}\n\n{self.text}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFeed:
    """A feed that a followed list (`list`: its name) names now, or (not `listed`) named once.

    `key`: equal for all spellings of its address. `title`: the name to prefer; `feed`: the name that it has, "" before
    it has one.
    """

    list: str
    key: str
    url: str
    title: str
    feed: str = ""
    listed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedFeed:
    """A feed that is polled because of a followed list, or (`muted`) is not any more, because it left the list."""

    list: str
    key: str
    url: str
    name: str
    muted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """The content of one feed body. `refresh_after`: the interval that the publisher asks for (`ttl`, `sy:`).

    `problem`: what was wrong with a body that still gave entries, "" if nothing was. `sitemaps`: the addresses that an
    index (its `format` is SITEMAP_INDEX) lists at its own site, first those that probably have news;
    `foreign_sitemaps`: those at other sites, which are not fetched.
    """

    format: str
    title: str
    site: str
    language: str
    entries: tuple[Entry, ...]
    refresh_after: timedelta | None = None
    problem: str = ""
    sitemaps: tuple[str, ...] = ()
    foreign_sitemaps: tuple[str, ...] = ()

    @property
    def is_index(self) -> bool:
        return self.format == SITEMAP_INDEX


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """One of the sitemaps of an index, as the last poll left it. `position`: its place in the order of reading.

    `etag`, `last_modified` and `body_hash` are of its last body, which `listing` lists, packed, and which gave `listed`
    entries. `body_problem`: what was wrong with it. `error`: why the last poll did not read it, "" if it did.
    """

    url: str
    position: int
    etag: str = ""
    last_modified: str = ""
    last_unconditional_at: datetime | None = None
    body_hash: int | None = None
    listed: int = 0
    listing: bytes = b""
    body_problem: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryKeys:
    """Signed 64-bit keys. `id`: of the feed and the entry's id. `link`: of the page, None if several share it.

    `alternates`: keys that the entry has instead while other entries of the body bear the same id or link; an entry
    with the same content is known under them, too.
    """

    id: int
    link: int | None
    alternates: tuple[int, ...] = ()

    @property
    def all(self) -> tuple[int, ...]:
        """The keys under which the entry is stored."""
        return (self.id,) if self.link is None else (self.id, self.link)

    @property
    def looked_up(self) -> tuple[int, ...]:
        """The keys under which the entry may be known."""
        return (*self.all, *self.alternates)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """The store's record of an entry that was seen before, found by one of its keys.

    `same_feed`: it came through the feed that is being polled; if its row was deleted, the key did. `link_key`: of its
    page, None if that is not a key. `times_ingested`: the number of times that its page was fetched.
    """

    entry_id: EntryId
    content_hash: int | None
    times_ingested: int = 1
    same_feed: bool = True
    link_key: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry of which no key is known: to be ingested."""

    entry: Entry
    keys: EntryKeys
    content_hash: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedEntry:
    """A known entry whose content changed: to be ingested again after `wait`."""

    entry_id: EntryId
    entry: Entry
    content_hash: int
    wait: timedelta = timedelta()
