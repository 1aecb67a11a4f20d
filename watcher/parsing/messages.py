"""What the worker processes are asked and answer: values and their JSON form, checked on the way back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from watcher.feeds.identity import EntryKeys
from watcher.matching import Finding
from watcher.model import Article, BodyCandidate, Entry, Match, ParsedFeed, Quality, Watch
from watcher.text import host_of

FEED_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
PAGE_ACCEPT = "text/html, application/xhtml+xml;q=0.9, text/plain;q=0.5, */*;q=0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTask:
    """Read the payload as a feed."""

    content_type: str
    url: str
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTask:
    """Read the payload as the page behind `entry`; without a payload, the entry's own words stand in for it.

    `whole`: the article is wanted though no watch matches it, with all that explains it. `repeated`: hashes of
    paragraphs that the host repeats.
    """

    entry: Entry
    feed: str
    site: str
    url: str
    content_type: str
    timezone: str
    now: datetime
    whole: bool = False
    repeated: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What became of a page: its article and matches, or what was wrong with it.

    `article` is None where no watch can match. `problem`: why the page itself gave no article ("" if it did). `sketch`:
    the article's fingerprints, by which documents of one story are known. `wall`: what the page was instead of an
    article, or of a whole one. `paragraphs`: hashes of the page's longest, to learn what its host repeats. To explain:
    `candidates` for the body, and `findings`, what each watch makes of the article.
    """

    article: Article | None
    matches: tuple[Match, ...] = ()
    problem: str = ""
    sketch: tuple[int, ...] = ()
    wall: Quality | None = None
    paragraphs: tuple[int, ...] = ()
    candidates: tuple[BodyCandidate, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsTask:
    """Read the payload as a feed, as far as `listing` (packed, in base64) does not have it. `feed` names it in keys."""

    content_type: str
    url: str
    timezone: str
    feed: str
    listing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsReading:
    """`FeedNews` on its way; `listing` in base64."""

    feed: ParsedFeed
    keys: tuple[EntryKeys, ...]
    hashes: tuple[int, ...]
    regained: tuple[EntryKeys, ...] = ()
    settled: int = 0
    listing: str = ""


FEED_TASK = TypeAdapter(FeedTask)
NEWS_TASK = TypeAdapter(NewsTask)
NEWS_READING = TypeAdapter(NewsReading)
PAGE_TASK = TypeAdapter(PageTask)
READING = TypeAdapter(Reading)
PARSED_FEED = TypeAdapter(ParsedFeed)
ENTRY = TypeAdapter(Entry)
WATCHES = TypeAdapter(tuple[Watch, ...])


def feed_text_of(entry: Entry) -> str:
    """What the feed itself says of an entry; hits of FEED point into it."""
    return f"{entry.title}\n\n{entry.text}".strip()


def hosts_of(*urls: str) -> tuple[str, ...]:
    """The hosts of a page's addresses, each once."""
    return tuple(dict.fromkeys(host for url in urls if (host := host_of(url))))
