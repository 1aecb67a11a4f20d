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
    """A date in the precision its source states; what is unknown is None, never guessed."""

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
    is none. `published_at` is set only if the feed states a time with its zone; `date` is that moment's day in the
    reader's time zone, or whatever less the feed states.
    """

    id: str
    link: str
    title: str
    summary: str = ""
    content: str = ""
    author: str = ""
    published_at: datetime | None = None
    date: PartialDate | None = None

    @property
    def text(self) -> str:
        """The longer of content and summary."""
        return max(self.content, self.summary, key=len)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """What one feed body says. `refresh_after`: the publisher's wish (`ttl`, `sy:`), None if there is none.

    `problem`: what was wrong with a body that still gave entries, "" if nothing was.
    """

    format: str
    title: str
    site: str
    language: str
    entries: tuple[Entry, ...]
    refresh_after: timedelta | None = None
    problem: str = ""


# -- articles ---------------------------------------------------------------------------------------------------------


class TextFrom(StrEnum):
    """Where a document's text was taken from."""

    PAGE = "page"
    FEED = "feed"


class Quality(StrEnum):
    """What the quality gate makes of a page."""

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
    """What was pulled out of a page or, failing that, of its entry.

    `body` is plain text, paragraphs split by one blank line. `site`: the outlet's name; `hosts`: where its page stands,
    as the feed has it and as it was reached. `origins` tells for each field ("title", "body", "date", ...) the source
    it came from, for `explain`. `removed`: the lines that rules removed from the body, in page order.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyCandidate:
    """What one reader of a page took for its body. `score`: how far the readers agree with it, of 1 for each of them.

    `taken`: the body was made of it. `opening`: its first words.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A named rule: `terms` (any of them) or a `query`, never both, and the channels to tell."""

    name: str
    terms: tuple[str, ...] = ()
    query: str = ""
    channels: tuple[str, ...] = ()
    inflect: bool = True
    compounds: bool = False
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """Letters that a watch cannot do without: folded, no spaces, no hyphens. For the cheap test before extraction.

    `inside_words`: they count where they stand within a longer word too.
    """

    letters: str
    inside_words: bool = False


class HitField(StrEnum):
    """Which text a hit's offsets point into."""

    TEXT = "text"
    FEED = "feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One place where a watch's term stands: `form` == the text[start:end] of `field`, as written there."""

    term: str
    form: str
    start: int
    end: int
    field: HitField = HitField.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Watch x article."""

    watch: str
    hits: tuple[Hit, ...]


# -- documents --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A matched article as it stands in the corpus. `text` is without header; `name` is the file's."""

    number: DocumentNumber
    id: DocumentId
    name: str
    date: PartialDate | None
    text: str


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
    """What a channel is told."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What a channel is told at once.

    ALERT and FOLLOW_UP hold one headline; SUMMARY and DIGEST hold the newest ten, and `more` counts the rest;
    NOTICE and TEST hold `message` only. `problem` names what is amiss with the document itself ("" if nothing is),
    e.g. that its file could not be written yet.
    """

    kind: AlertKind
    headlines: tuple[Headline, ...] = ()
    more: int = 0
    message: str = ""
    problem: str = ""


class DeliveryState(StrEnum):
    """held -> pending -> sending -> delivered | pending again | parked | dead | expired."""

    HELD = "held"
    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    PARKED = "parked"
    DEAD = "dead"
    EXPIRED = "expired"


class Outcome(StrEnum):
    """What one attempt to deliver came to."""

    DELIVERED = "delivered"
    NOT_SENT = "not sent"
    AMBIGUOUS = "ambiguous"
    THROTTLED = "throttled"
    REFUSED = "refused"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A channel's reading of one answer. `wait`: how long it asked us to wait, None if it did not say.

    `reference`: the channel's own name for the message, on which replies hang (a Matrix event id), "" if it has none.
    """

    outcome: Outcome
    reason: str = ""
    wait: timedelta | None = None
    reference: str = ""
