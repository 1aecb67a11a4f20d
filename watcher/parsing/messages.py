"""The tasks of the parser processes and their results: frozen values, and their JSON form, checked on the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from watcher.feeds.formats.opml import OpmlList
from watcher.feeds.listing import FeedNews
from watcher.feeds.source_values import SourceReading
from watcher.json_type import JsonType
from watcher.matching import Finding
from watcher.model import (
    NO_RIGHTS,
    Article,
    BodyCandidate,
    Comparison,
    Entry,
    Match,
    NearMiss,
    ParsedFeed,
    PartialDate,
    Quality,
    Rights,
    TextKind,
    VersionText,
    Watch,
)

LONGEST_UNMATCHED = 500_000
"""Characters of a text that no watch matches; the rest is cut off."""

FEED_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
OPML_ACCEPT = "text/x-opml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
PAGE_ACCEPT = "text/html, application/xhtml+xml;q=0.9, text/plain;q=0.5, */*;q=0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTask:
    """Parse the payload as a feed. The result is a `ParsedFeed`, or for discovery a `SourceReading`."""

    content_type: str
    url: str
    timezone: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsTask:
    """Parse the payload as a feed, but only what its last listing does not have. The result is `FeedNews`.

    The payload is the packed listing (`listing_size` bytes), then the feed. `feed` is the name in the entries' keys.
    """

    content_type: str
    url: str
    timezone: str
    now: datetime
    feed: str
    listing_size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpmlTask:
    """Parse the payload as OPML. The result is an `OpmlList`."""

    content_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedText:
    """The text of an entry that no watch matches: its article, or what is visible on its page."""

    article: Article
    kind: TextKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTask:
    """Parse the payload as the page behind `entry`; without a payload the entry's own text is the article.

    `stored`: a text of the page that was read earlier, which is the article then.

    `whole`: the article is wanted even if no watch matches, with all that explains it. `repeated`: hashes of paragraphs
    that the host repeats on other pages. `shares_page`: other entries link to the same page, which is not this entry's
    own: the entry's text is the article if it matches. `feed_language`: the one that the feed declares, "" if none.
    `headers`: the header fields of the page that declare rights. `keep_text`: a text is wanted for the seen archive,
    though no watch matches.
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
    shares_page: bool = False
    feed_language: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    keep_text: bool = False
    stored: UnmatchedText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReading:
    """The result of a `PageTask`: the article and its matches, or what was wrong with the page.

    `article` is None where no watch can match. `problem`: why the page itself gave no article ("" if it did). `sketch`:
    the fingerprints of the article, which find the documents of its story. `wall`: what the page was instead of an
    article, or of a whole one. `paragraphs`: hashes of the page's longest paragraphs, to learn what its host repeats.
    `rights`: what the page of a matching article reserves. `near_misses`: of watches that do not match, and how many
    further ones were `left_out`. `date`: of the article, extracted or not. `unmatched`: the
    text where there is no `article`, if the task asks for it.
    For `explain`: `candidates` for the body, and `findings`, the verdict of each watch.
    """

    article: Article | None
    matches: tuple[Match, ...] = ()
    problem: str = ""
    sketch: tuple[int, ...] = ()
    wall: Quality | None = None
    paragraphs: tuple[int, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    left_out: int = 0
    date: PartialDate | None = None
    unmatched: UnmatchedText | None = None
    candidates: tuple[BodyCandidate, ...] = ()
    findings: tuple[Finding, ...] = ()
    rights: Rights = NO_RIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionReading:
    """The text of a page that is read again (a `PageTask`) and its `quality`, or the `problem` that it has none."""

    text: VersionText | None = None
    quality: Quality = Quality.GOOD
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonTask:
    """Compare two versions of a text under the watches in force. The result is a `Comparison`.

    `before` is the article as it was; the new one has another `title` and `body`.
    """

    before: Article
    title: str
    body: str
    feed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsTask:
    """Read the `Sitemap:` lines of the payload, the robots.txt at `url`. The result is a tuple of addresses."""

    url: str


FEED_TASK = JsonType(FeedTask)
NEWS_TASK = JsonType(NewsTask)
OPML_TASK = JsonType(OpmlTask)
OPML_LIST = JsonType(OpmlList)
PAGE_TASK = JsonType(PageTask)
ROBOTS_TASK = JsonType(RobotsTask)
PARSED_FEED = JsonType(ParsedFeed)
SOURCE_READING = JsonType(SourceReading)
ADDRESSES = JsonType(tuple[str, ...])
FEED_NEWS = JsonType(FeedNews)
PAGE_READING = JsonType(PageReading)
VERSION_READING = JsonType(VersionReading)
COMPARISON_TASK = JsonType(ComparisonTask)
COMPARISON = JsonType(Comparison)
WATCHES = JsonType(tuple[Watch, ...])
