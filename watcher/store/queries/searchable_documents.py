"""The texts of all documents for the search, and which document a page is."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from watcher.model import Article, DocumentNumber, PartialDate, Quality, TextFrom
from watcher.store import schema
from watcher.store.dialect import seconds, values_of
from watcher.text import hosts_of

_ROWS, _URLS, _ENTRIES = schema.documents.c, schema.document_urls.c, schema.entries.c
_DATES = select(
    _ROWS.number,
    _ROWS.date,
    seconds(_ROWS.published_at),
    seconds(func.coalesce(_ROWS.fetched_at, _ROWS.recorded_at)),
)
_DATES_OF = _DATES.where(_ROWS.number.in_(values_of("numbers")))
_TEXTS = select(
    _ROWS.number,
    _ROWS.text,
    _ROWS.title,
    _ROWS.url,
    _ROWS.feed,
    _ROWS.feed_text,
    _ROWS.author,
    _ROWS.site,
    _ROWS.language,
    _ROWS.date,
    _ROWS.published_at,
    _ROWS.text_from,
    _ROWS.quality,
    _ROWS.adopted,
    _ROWS.fetched_at,
    _ROWS.recorded_at,
).where(_ROWS.number.in_(values_of("numbers")))
_URLS_OF = select(_URLS.document, _URLS.url, _URLS.feed).where(_URLS.document.in_(values_of("numbers")))
_NUMBERS_OF = select(_URLS.document).where(_URLS.url == bindparam("url")).order_by(_URLS.document)
_FINAL_URLS = select(_ENTRIES.document, _ENTRIES.final_url).where(
    _ENTRIES.document.is_not(None), _ENTRIES.final_url != ""
)
_DOCUMENTS_OF = select(_ENTRIES.document).where(_ENTRIES.link_key == bindparam("key"), _ENTRIES.document.is_not(None))


class DocumentDate(NamedTuple):
    """What a document is sorted by, in seconds since 1970; `date` as it is kept, "" if it is unknown.

    `seen_second`: when its page was fetched or, for an adopted file, recorded.
    """

    number: int
    date: str
    published_second: int | None
    seen_second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchableDocument:
    """A document's article and the feed's text of it. `feeds`: all that had it, the first one first.

    `seen_at`: when its page was fetched or, for an adopted file, recorded.
    """

    number: DocumentNumber
    article: Article
    feed_text: str
    url: str
    feeds: tuple[str, ...]
    seen_at: datetime


def dates(tx: Connection) -> Iterator[DocumentDate]:
    """Yields what all documents are sorted by."""
    return (DocumentDate(*row) for row in tx.execute(_DATES))


def dates_of(tx: Connection, numbers: Sequence[int]) -> list[DocumentDate]:
    """Returns what the documents of these numbers are sorted by, in no order."""
    found = tx.execute(_DATES_OF, {"numbers": json.dumps(list(numbers))})
    return [DocumentDate(*row) for row in found]


def read(tx: Connection, numbers: Sequence[int]) -> Iterator[SearchableDocument]:
    """Yields the documents of these numbers in their order; unknown numbers are left out."""
    wanted = {"numbers": json.dumps(list(numbers))}
    places = defaultdict(list)
    for place in tx.execute(_URLS_OF, wanted):
        places[place.document].append(place)
    rows = {row.number: row for row in tx.execute(_TEXTS, wanted)}
    for number in numbers:
        if number in rows:
            yield _document(rows[number], places[number])


def final_urls(tx: Connection) -> dict[int, tuple[str, ...]]:
    """Returns the addresses to which the pages of documents were redirected, by number, as far as entries are kept."""
    found = defaultdict(list)
    for number, url in tx.execute(_FINAL_URLS):
        found[number].append(url)
    return {number: tuple(urls) for number, urls in found.items()}


def documents_of_page(tx: Connection, link_key: int) -> tuple[int, ...]:
    """Returns the documents of the entries of a page, as far as entries are kept."""
    return tuple(tx.execute(_DOCUMENTS_OF, {"key": link_key}).scalars())


def numbers_of(tx: Connection, url: str) -> tuple[int, ...]:
    """Returns the documents of an address."""
    return tuple(tx.execute(_NUMBERS_OF, {"url": url}).scalars())


def _document(row: Any, places: Sequence[Any]) -> SearchableDocument:
    title, _, body = row.text.partition("\n\n") if row.adopted else (row.title, "", row.text)
    if not row.adopted:
        body = row.text.removeprefix(f"{title}\n\n") if title else row.text
    article = Article(
        title=title,
        body=body,
        date=PartialDate.fromisoformat(row.date) if row.date else None,
        published_at=row.published_at,
        language=row.language,
        site=row.site,
        hosts=hosts_of(row.url, *(place.url for place in places)),
        author=row.author,
        text_from=TextFrom(row.text_from),
        quality=Quality(row.quality),
    )
    feeds = dict.fromkeys([row.feed, *(place.feed for place in places)])
    return SearchableDocument(
        number=DocumentNumber(row.number),
        article=article,
        feed_text=row.feed_text,
        url=row.url,
        feeds=tuple(feed for feed in feeds if feed),
        seen_at=row.fetched_at or row.recorded_at,
    )
