"""Documents on record, with their provenance and matches."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Text, and_, bindparam, func, or_, select

from watcher.model import Article, DocumentId, DocumentNumber, Match, PartialDate, Quality, StoryId, TextFrom
from watcher.store import schema
from watcher.store.codec import load_hits
from watcher.store.dialect import values_of
from watcher.text import hosts_of

_documents, _urls, _matches = schema.documents.c, schema.document_urls.c, schema.matches.c
_HIGHEST = select(func.max(_documents.number))
_TEXT = select(_documents.text).where(_documents.number == bindparam("of"))
_KNOWN_OF = select(_documents.name).where(_documents.name.in_(values_of("names", of=Text)))
_LAST_FETCHED = select(func.max(_documents.fetched_at))
_OF_WATCH = select(_matches.document).where(_matches.watch == bindparam("watch")).limit(1)
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
    recorded_at: datetime
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
    while documents := page(tx, after=after, limit=200):
        yield from documents
        after = documents[-1].number


def page(tx: Connection, *, after: int, limit: int) -> list[StoredDocument]:
    """Reads the first documents with numbers above `after`, in order."""
    following = select(schema.documents).where(_documents.number > after).order_by(_documents.number)
    return _stored(tx, tx.execute(following.limit(limit)).all())


def known_of(tx: Connection, names: Iterable[str]) -> set[str]:
    """Returns those of the file names that belong to documents on record."""
    return set(tx.execute(_KNOWN_OF, {"names": json.dumps(list(names))}).scalars())


def last_fetched_at(tx: Connection) -> datetime | None:
    """Returns the latest time at which a document was fetched, None if there is none."""
    latest: datetime | None = tx.execute(_LAST_FETCHED).scalar()
    return latest


def has_watch(tx: Connection, watch: str) -> bool:
    """Returns whether a document matches a watch of this name."""
    return tx.execute(_OF_WATCH, {"watch": watch}).first() is not None


def matched_or_adopted(tx: Connection, watch: str) -> set[int]:
    """Returns the numbers of the documents that match a watch on record, and of the adopted ones."""
    matched = set(tx.execute(select(_matches.document).where(_matches.watch == watch)).scalars())
    return matched | set(tx.execute(select(_documents.number).where(_documents.adopted)).scalars())


def of_days(
    tx: Connection, days: tuple[str, str], *, since: datetime, until: datetime, watch: str | None = None, limit: int
) -> tuple[list[DocumentNumber], int]:
    """Returns the numbers of the first `limit` documents of the days from one to the other, and the number of all.

    A document whose day is not known counts on the day on which it was fetched, from `since` until before `until`.
    """
    known = func.length(_documents.date) == len("2026-01-31")
    fetched = and_(_documents.fetched_at >= since, _documents.fetched_at < until)
    chosen = or_(and_(known, _documents.date.between(*days)), and_(~known, fetched))
    if watch is not None:
        chosen = and_(chosen, _documents.number.in_(select(_matches.document).where(_matches.watch == watch)))
    found = select(_documents.number).where(chosen)
    numbers = tx.execute(found.order_by(_documents.number).limit(limit)).scalars().all()
    count = tx.execute(select(func.count()).select_from(found.subquery())).scalar_one()
    return [DocumentNumber(number) for number in numbers], count


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
        recorded_at=row.recorded_at,
        written_at=row.written_at,
        matches=tuple(matches),
    )
