"""Decides when an article was published, from all places of a page and its feed, the most trustworthy first.

The order and its counts are in docs/extraction.md. A day counts only from metadata, the feed, or a date line, never
from running text; nothing is completed, and nothing is in the future.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from watcher.articles.datelines import date_lines, marked_tags, time_tags
from watcher.articles.page import ARTICLE_TYPES, Page, types_of
from watcher.model import DatePrecision, Entry, PartialDate
from watcher.text.dates import StatedDate, day_at, parse_date

_PUBLISHED_NAMES = (
    *("article:published_time", "article:published", "article:published:time", "og:article:published_time"),
    *("og:published_time", "datepublished", "date.published", "publishdate", "publish_date", "publish-date"),
    *("published_at", "pubdate", "parsely-pub-date", "cxenseparse:recs:publishtime", "cxenseparse:publishtime"),
    *("sailthru.date", "dc.date.issued", "dcterms.issued", "date.created", "dc.date.created", "dcterms.created"),
    *("article.published", "article_date_original", "citation_publication_date", "publication_date"),
)
_VAGUE_NAMES = ("date", "dc.date", "dcterms.date", "citation_date", "datecreated")
_ADDRESS_DAY = re.compile(r"/((?:19|20)\d\d)[/-]([01]?\d)[/-]([0-3]?\d)(?=[/-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A publication date and the place that it was read from, in words."""

    stated: StatedDate
    origin: str


def published(page: Page, *, timezone: str, now: datetime, hint: Entry | None) -> Dated | None:
    """Returns the publication date in the precision that the best source states; None if no source states one.

    A month or year from a trusted source gives way to a finer date within it from a later one.
    """
    best: Dated | None = None
    for dated in sources(page, timezone=timezone, hint=hint):
        if dated.stated.date.is_future(now):
            continue
        if best is None or _refines(dated.stated.date, best.stated.date):
            best = dated
        if best.stated.date.precision is DatePrecision.DAY:
            return best
    return best


def without_future_date(entry: Entry, *, now: datetime) -> Entry:
    """Returns the entry without its date if that is in the future: feeds announce events by the day of the event."""
    if entry.date is None or not entry.date.is_future(now):
        return entry
    return replace(entry, date=None, published_at=None)


def sources(page: Page, *, timezone: str, hint: Entry | None) -> Iterator[Dated]:
    """Yields every date that the page and its entry state, the most trustworthy first, each read only when needed."""
    yield from _from_json_ld(page, timezone)
    yield from _from_meta(page, timezone, _PUBLISHED_NAMES)
    yield from _dated(marked_tags(page, timezone=timezone), "marked date")
    if hint is not None:
        yield from _from_feed(hint, timezone)
    yield from _from_address(page)
    yield from _dated(time_tags(page, timezone=timezone), "<time>")
    yield from _dated(date_lines(page, timezone=timezone), "date line")
    yield from _from_meta(page, timezone, _VAGUE_NAMES)


def _from_json_ld(page: Page, timezone: str) -> Iterator[Dated]:
    others = [thing for thing in page.things if types_of(thing) & (ARTICLE_TYPES | {"webpage"})]
    for thing in (page.thing, *others):
        for name in ("datePublished", "dateCreated"):
            yield from _parsed(thing.get(name), f"JSON-LD {name}", timezone)


def _from_meta(page: Page, timezone: str, names: tuple[str, ...]) -> Iterator[Dated]:
    for name in names:
        for value in page.meta.get(name, ()):
            yield from _parsed(value, f"meta {name}", timezone)


def _from_feed(hint: Entry, timezone: str) -> Iterator[Dated]:
    stated = StatedDate(date=hint.date, moment=hint.published_at) if hint.date else None
    if stated is None and hint.published_at:
        stated = day_at(hint.published_at, timezone=timezone)
    if stated:
        yield Dated(stated=stated, origin="feed")


def _from_address(page: Page) -> Iterator[Dated]:
    match = _ADDRESS_DAY.search(page.url)
    if match:
        day = f"{match[1]}-{match[2].zfill(2)}-{match[3].zfill(2)}"
        yield from _parsed(day, "address", "UTC")


def _dated(found: Iterator[StatedDate], origin: str) -> Iterator[Dated]:
    return (Dated(stated=stated, origin=origin) for stated in found)


def _parsed(value: object, origin: str, timezone: str) -> Iterator[Dated]:
    if isinstance(value, list) and value:
        value = value[0]
    stated = parse_date(value, timezone=timezone) if isinstance(value, str) else None
    if stated:
        yield Dated(stated=stated, origin=origin)


def _refines(finer: PartialDate, coarse: PartialDate) -> bool:
    return len(finer.isoformat()) > len(coarse.isoformat()) and finer.isoformat().startswith(coarse.isoformat())
