"""The article of a page, and how it was extracted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from watcher.model.dates import PartialDate


class TextFrom(StrEnum):
    """The source of a document's text. SEEN: the seen archive, because the page is gone."""

    PAGE = "page"
    FEED = "feed"
    SEEN = "seen"


class Quality(StrEnum):
    """The verdict of the quality gate on a page."""

    GOOD = "good"
    SHORT = "short"
    PAYWALL = "paywall"
    CONSENT = "consent wall"
    ERROR_PAGE = "error page"
    SHELL = "empty shell"
    BOILERPLATE = "boilerplate"


class Coverage(StrEnum):
    """The part of an entry that was read. An entry has exactly one; WAITING until it ends for the first time.

    `FEED_ONLY`: it has no link, or the link does not lead to a text. `ERRORS`: its page could not be had, for good.
    """

    WAITING = "waiting"
    PAGE = "page"
    FEED_ONLY = "feed_only"
    WALLS = "walls"
    PAYWALLS = "paywalls"
    ROBOTS = "robots"
    ERRORS = "errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A line of a page that is not part of its article's body, and the name of the rule that removed it."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The article of a page or, if there is none, of its entry.

    `body` is plain text, paragraphs split by one blank line. `language`: a code of two or three letters, "" if unknown.
    `site`: the outlet's name; `hosts`: those of the link in the feed and of the page as it was reached. `origins`: the
    source of each field ("title", "body", "date", ...), for `explain`. `removed`: the lines that rules removed from the
    body, in page order.
    """

    title: str
    body: str
    date: PartialDate | None = None
    published_at: datetime | None = None
    language: str = ""
    site: str = ""
    hosts: tuple[str, ...] = ()
    author: str = ""
    text_from: TextFrom = TextFrom.PAGE
    quality: Quality = Quality.GOOD
    origins: Mapping[str, str] = field(default_factory=dict)
    extractor: str = ""
    removed: tuple[Removed, ...] = ()

    @property
    def text(self) -> str:
        """The text of the document: title (unless the body starts with it), blank line, body. Hits point into it."""
        if not self.title or self.body.startswith(self.title):
            return self.body
        return f"{self.title}\n\n{self.body}" if self.body else self.title


class TextKind(StrEnum):
    """The kind of a text in the seen archive: that of an article, or all visible text of a page, menus included."""

    ARTICLE = "article"
    VISIBLE = "visible"


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyCandidate:
    """The body that one reader extracted from a page. `score`: the agreement of all readers with it, 1 for each.

    `taken`: the article's body was made of it. `opening`: its first words.
    """

    reader: str
    score: float
    words: int
    taken: bool
    opening: str
