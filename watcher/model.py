"""The values that travel between rooms: frozen, slotted, aware datetimes only. No I/O, no clock, no config.

In the order of the mission: feed -> entry -> page -> article -> match -> document -> alert -> delivery.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType

FeedId = NewType("FeedId", int)
EntryId = NewType("EntryId", int)
DocumentNumber = NewType("DocumentNumber", int)
DocumentId = NewType("DocumentId", str)
StoryId = NewType("StoryId", int)
DeliveryId = NewType("DeliveryId", str)


# -- dates ------------------------------------------------------------------------------------------------------------


class DatePrecision(StrEnum):
    """How much of a date its source states."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialDate:
    """A date in the precision of its source. An unknown month or day is None, never guessed."""

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError("a day needs a month")
        try:
            date(self.year, 1 if self.month is None else self.month, 1 if self.day is None else self.day)
        except OverflowError as error:
            raise ValueError("far beyond any calendar") from error

    @property
    def precision(self) -> DatePrecision:
        if self.day is not None:
            return DatePrecision.DAY
        return DatePrecision.YEAR if self.month is None else DatePrecision.MONTH

    def isoformat(self) -> str:
        """`2025-10-21`, `2025-10` or `2025`."""
        parts = [f"{self.year:04d}"] + [f"{part:02d}" for part in (self.month, self.day) if part is not None]
        return "-".join(parts)

    @classmethod
    def fromisoformat(cls, text: str) -> PartialDate:
        """The inverse of `isoformat`. Raises ValueError."""
        parts = text.split("-")
        if [len(part) for part in parts] != [4, 2, 2][: len(parts)] or not all(
            part.isascii() and part.isdigit() for part in parts
        ):
            raise ValueError(f"not a date: {text!r}")
        year, *rest = (int(part) for part in parts)
        month, day = (*rest, None, None)[:2]
        return cls(year=year, month=month, day=day)

    @classmethod
    def of(cls, day: date) -> PartialDate:
        return cls(year=day.year, month=day.month, day=day.day)


# -- feeds and entries ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of a feed, as the feed gives it; all texts are plain (no tags, no entities).

    `id` is the feed's own id, "" if it gives none. `link` is absolute and otherwise exactly as given, "" if there
    is none. `second_link`: the page's own address where `link` leads over a service (FeedBurner), else "".
    `published_at` is set only if the feed states a time with its zone; `date` is that moment's day in the
    reader's time zone, or the less precise date that the feed states.
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

    @property
    def text(self) -> str:
        """The longer of content and summary."""
        return max(self.content, self.summary, key=len)

    @property
    def feed_text(self) -> str:
        """The feed's own text of the entry, with its title. Hits of `HitField.FEED` point into it."""
        return f"{self.title}\n\n{self.text}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """The content of one feed body. `refresh_after`: the interval that the publisher asks for (`ttl`, `sy:`).

    `problem`: what was wrong with a body that still gave entries, "" if nothing was.
    """

    format: str
    title: str
    site: str
    language: str
    entries: tuple[Entry, ...]
    refresh_after: timedelta | None = None
    problem: str = ""


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

    `same_feed`: it came through the feed that is being polled. `link_key`: of its page, None if that is not a key.
    `times_ingested`: the number of times that its page was fetched.
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


# -- articles ---------------------------------------------------------------------------------------------------------


class TextFrom(StrEnum):
    """The source of a document's text."""

    PAGE = "page"
    FEED = "feed"


class Quality(StrEnum):
    """The verdict of the quality gate on a page."""

    GOOD = "good"
    SHORT = "short"
    PAYWALL = "paywall"
    CONSENT = "consent wall"
    ERROR_PAGE = "error page"
    SHELL = "empty shell"
    BOILERPLATE = "boilerplate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A line of a page that is not part of its article's body, and the name of the rule that removed it."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The article of a page or, if there is none, of its entry.

    `body` is plain text, paragraphs split by one blank line. `site`: the outlet's name; `hosts`: those of
    the link in the feed and of the page as it was reached. `origins`: the source of each field ("title", "body",
    "date", ...), for `explain`. `removed`: the lines that rules removed from the body, in page order.
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


# -- watches and matches ----------------------------------------------------------------------------------------------


class Priority(StrEnum):
    """Whether a watch's alerts break through quiet hours."""

    NORMAL = "normal"
    HIGH = "high"


class NearMissMode(StrEnum):
    """Whether a watch's near misses are part of the digests of its channels."""

    OFF = "off"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A named rule: `terms` (any of them) or a `query`, never both, and the channels to notify."""

    name: str
    terms: tuple[str, ...] = ()
    query: str = ""
    channels: tuple[str, ...] = ()
    inflect: bool = True
    compounds: bool = False
    priority: Priority = Priority.NORMAL
    near_misses: NearMissMode = NearMissMode.OFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """Letters that an article must contain to match a watch: folded, no spaces, no hyphens. Input of the prefilter.

    `inside_words`: letters within a longer word count too.
    """

    letters: str
    inside_words: bool = False


class HitField(StrEnum):
    """The text that a hit's offsets point into."""

    TEXT = "text"
    FEED = "feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One occurrence of a watch's term: `form` == text[start:end] of `field`, as written there."""

    term: str
    form: str
    start: int
    end: int
    field: HitField = HitField.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A watch that an article matches, with the hits."""

    watch: str
    hits: tuple[Hit, ...]


class Place(StrEnum):
    """A part of a page outside its article. The text of a near miss has one of these, or `removed:` and a rule."""

    MENU = "menu"
    TEASER = "teaser"
    CAPTION = "caption"
    COMMENT = "comment"
    OTHER = "other"


REMOVED = "removed:"
"""The place of a near miss in a line that a rule removed begins so; the name of the rule follows."""

LONGEST_NEAR_MISS = 300
MOST_NEAR_MISSES = 2_000
"""Limits on near misses: the length of a sentence in characters, and the number of one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """A sentence that holds a term of a watch and is visible on a page, but outside its article.

    `form`: the term as the sentence has it. `place`: a `Place`, or `removed:` and the rule that removed the line.
    """

    watch: str
    term: str
    form: str
    sentence: str
    place: str


# -- documents --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """A document that shares fingerprints with a new one.

    `document`: its number; `shared`: how many they share; `size`: how many the document has.
    """

    document: int
    story: StoryId
    shared: int
    size: int
    date: PartialDate | None = None
    published_at: datetime | None = None


# -- alerts and deliveries --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A piece of text around hits, in runs: (text, is it a hit?). Joined, the runs are the piece."""

    runs: tuple[tuple[str, bool], ...]
    cut_before: bool = False
    cut_after: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why an alert is sent: the watch, the forms that hit, and one or two snippets around them."""

    watch: str
    forms: tuple[str, ...]
    snippets: tuple[Snippet, ...] = ()


class AlertKind(StrEnum):
    """The kind of an alert."""

    ALERT = "alert"
    FOLLOW_UP = "follow-up"
    SUMMARY = "summary"
    DIGEST = "digest"
    NOTICE = "notice"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One article in an alert: what a reader needs to decide whether to click. `url` may be ""."""

    title: str
    url: str
    source: str
    date: PartialDate | None = None
    published_at: datetime | None = None
    found_at: datetime | None = None
    document: str = ""
    text_from: TextFrom = TextFrom.PAGE
    quality: Quality = Quality.GOOD
    reasons: tuple[Reason, ...] = ()
    also_at: tuple[str, ...] = ()


NEAR_MISSES_IN_DIGEST = 10
"""The number of near misses that a digest shows; it counts the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedNearMiss:
    """A near miss in a digest, and the address of a page that shows it."""

    near_miss: NearMiss
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message to a channel.

    ALERT and FOLLOW_UP hold one headline; SUMMARY and DIGEST hold the newest ten, and `more` counts the rest;
    NOTICE and TEST hold `message` only. `problem` names a defect of the document itself, "" if it has none, e.g. that
    its file could not be written yet. A DIGEST may hold near misses too, and `more_near_misses` counts the rest.
    """

    kind: AlertKind
    headlines: tuple[Headline, ...] = ()
    more: int = 0
    message: str = ""
    problem: str = ""
    near_misses: tuple[LinkedNearMiss, ...] = ()
    more_near_misses: int = 0


class DeliveryState(StrEnum):
    """held -> pending -> sending -> delivered | pending again | parked | dead | expired."""

    HELD = "held"
    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    PARKED = "parked"
    DEAD = "dead"
    EXPIRED = "expired"


class AttemptOutcome(StrEnum):
    """The result of one attempt at a delivery."""

    DELIVERED = "delivered"
    NOT_SENT = "not sent"
    AMBIGUOUS = "ambiguous"
    THROTTLED = "throttled"
    REFUSED = "refused"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A channel's interpretation of one response. `wait`: the requested wait, None if none was requested.

    `reference`: the channel's own id of the message, to which replies refer (a Matrix event id), "" if it has none.
    """

    outcome: AttemptOutcome
    reason: str = ""
    wait: timedelta | None = None
    reference: str = ""
