"""Documents on record, with their provenance and matches."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from watcher.model import Article, DocumentId, DocumentNumber, Match, PartialDate, Quality, StoryId, TextFrom
from watcher.store import schema
from watcher.store.codec import load_hits
from watcher.store.sql import values_of
from watcher.text import hosts_of

_documents, _urls, _matches = schema.documents.c, schema.document_urls.c, schema.matches.c
_HIGHEST = select(func.max(_documents.number))
_TEXT = select(_documents.text).where(_documents.number == bindparam("of"))
_MANY = select(schema.documents).where(_documents.number.in_(values_of("numbers")))
_URLS_OF = select(schema.document_urls).where(_urls.document.in_(values_of("numbers"))).order_by(_urls.seen_at)
_MATCHES_OF = select(schema.matches).where(_matches.document.in_(values_of("numbers"))).order_by(_matches.watch)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """A document with its provenance. `urls`: all addresses of its text; `also_in`: the other feeds that had it."""

    number: DocumentNumber
    id: DocumentId
    name: str
    adopted: bool
    date: PartialDate | None
    text: str
    title: str
    url: str
    urls: tuple[str, ...]
    also_in: tuple[str, ...]
    feed: str
    feed_text: str
    author: str
    site: str
    language: str
    published_at: datetime | None
    fetched_at: datetime | None
    text_from: TextFrom
    quality: Quality
    extractor: str
    origins: Mapping[str, str]
    story: StoryId
    written_at: datetime | None
    matches: tuple[Match, ...] = field(default=())

    @property
    def article(self) -> Article:
        """The article that the document was made of: its `text` is the document's."""
        return Article(
            title=self.title,
            body=self.text.removeprefix(f"{self.title}\n\n") if self.title else self.text,
            date=self.date,
            published_at=self.published_at,
            language=self.language,
            site=self.site,
            hosts=hosts_of(*self.urls),
            author=self.author,
            text_from=self.text_from,
            quality=self.quality,
            origins=self.origins,
            extractor=self.extractor,
        )


def highest_number(tx: Connection) -> int:
    """The highest number on record, -1 if there is none."""
    highest = tx.execute(_HIGHEST).scalar()
    return -1 if highest is None else int(highest)


def known_names(tx: Connection) -> set[str]:
    """The file names of all documents on record."""
    return set(tx.execute(select(schema.documents.c.name)).scalars())


def records(tx: Connection) -> list[tuple[DocumentNumber, str, str, bool, bool]]:
    """Number, id, name, adopted?, written? of every document, in order."""
    rows = schema.documents.c
    found = tx.execute(select(rows.number, rows.id, rows.name, rows.adopted, rows.written_at).order_by(rows.number))
    return [(row.number, row.id, row.name, row.adopted, row.written_at is not None) for row in found]


def names_after(tx: Connection, number: int) -> list[str]:
    """The file names of the documents that watcher made after that number, in order."""
    rows = schema.documents.c
    later = select(rows.name).where(rows.number > number, ~rows.adopted).order_by(rows.number)
    return list(tx.execute(later).scalars())


def get(tx: Connection, number: int) -> StoredDocument:
    """Reads the document of that number. Raises LookupError."""
    found = get_many(tx, [number])
    if not found:
        raise LookupError(f"no document {number}")
    return found[number]


def text_of(tx: Connection, number: int) -> str:
    """Returns the text of a document. Raises if there is none of this number."""
    return str(tx.execute(_TEXT, {"of": number}).scalar_one())


def get_many(tx: Connection, numbers: Iterable[int]) -> dict[int, StoredDocument]:
    """Reads the documents of these numbers, by number; unknown numbers are left out."""
    rows = tx.execute(_MANY, {"numbers": json.dumps(list(numbers))}).all()
    return {document.number: document for document in _stored(tx, rows)}


def unwritten(tx: Connection, *, limit: int = 100) -> list[StoredDocument]:
    """Reads the first documents whose files are not written yet, in order."""
    missing = select(schema.documents).where(_documents.written_at.is_(None)).order_by(_documents.number)
    return _stored(tx, tx.execute(missing.limit(limit)).all())


def stream(tx: Connection) -> Iterator[StoredDocument]:
    """Reads all documents in order, with 200 in memory at a time."""
    after = -1
    while True:
        page = select(schema.documents).where(_documents.number > after).order_by(_documents.number)
        rows = tx.execute(page.limit(200)).all()
        if not rows:
            return
        yield from _stored(tx, rows)
        after = rows[-1].number


def of_story(tx: Connection, story: int) -> list[tuple[DocumentNumber, str, str, str]]:
    """Number, name, outlet (or feed) and address of each document of a story, in order."""
    rows = schema.documents.c
    found = select(rows.number, rows.name, rows.site, rows.feed, rows.url).where(rows.story == story)
    return [(row.number, row.name, row.site or row.feed, row.url) for row in tx.execute(found.order_by(rows.number))]


def newest(tx: Connection, *, since: datetime, below: int | None = None, limit: int) -> list[StoredDocument]:
    """Reads the documents that watcher made since then, newest first, with numbers below `below`."""
    rows = schema.documents.c
    own = select(schema.documents).where(rows.recorded_at >= since, ~rows.adopted)
    if below is not None:
        own = own.where(rows.number < below)
    return _stored(tx, tx.execute(own.order_by(rows.number.desc()).limit(limit)).all())


def _stored(tx: Connection, rows: Sequence[Row[Any]]) -> list[StoredDocument]:
    """Builds the documents of these rows, in their order."""
    if not rows:
        return []
    numbers = {"numbers": json.dumps([row.number for row in rows])}
    places, matches = defaultdict(list), defaultdict(list)
    for place in tx.execute(_URLS_OF, numbers):
        places[place.document].append(place)
    for match in tx.execute(_MATCHES_OF, numbers):
        matches[match.document].append(Match(watch=match.watch, hits=load_hits(match.hits)))
    return [_document(row, places[row.number], matches[row.number]) for row in rows]


def _document(row: Row[Any], seen: Sequence[Row[Any]], matches: Iterable[Match]) -> StoredDocument:
    return StoredDocument(
        number=DocumentNumber(row.number),
        id=DocumentId(row.id),
        name=row.name,
        adopted=row.adopted,
        date=PartialDate.fromisoformat(row.date) if row.date else None,
        text=row.text,
        title=row.title,
        url=row.url,
        urls=tuple(place.url for place in seen),
        also_in=tuple(dict.fromkeys(place.feed for place in seen if place.feed not in {"", row.feed})),
        feed=row.feed,
        feed_text=row.feed_text,
        author=row.author,
        site=row.site,
        language=row.language,
        published_at=row.published_at,
        fetched_at=row.fetched_at,
        text_from=TextFrom(row.text_from),
        quality=Quality(row.quality),
        extractor=row.extractor,
        origins=json.loads(row.origins),
        story=StoryId(row.story),
        written_at=row.written_at,
        matches=tuple(matches),
    )
