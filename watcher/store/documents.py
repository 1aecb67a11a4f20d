"""Rows of documents: recorded with their matches and alerts in one transaction, written to the corpus after it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from watcher.model import (
    Article,
    DocumentId,
    DocumentNumber,
    EntryId,
    Hit,
    Match,
    PartialDate,
    Quality,
    StoryId,
    TextFrom,
)
from watcher.store import deliveries, entries, schema, stories
from watcher.store.stories import Overlap
from watcher.text import host_of

_HITS = TypeAdapter(tuple[Hit, ...])

# Statements of every match are made once: making one takes longer than carrying it out.
_ROWS, _URLS, _MATCHES = schema.documents.c, schema.document_urls.c, schema.matches.c
_TWIN = (
    select(_ROWS.number, _ROWS.name, _ROWS.adopted, _ROWS.story).where(_ROWS.text_hash == bindparam("hash")).limit(1)
)
_HIGHEST = select(func.max(_ROWS.number))
_INSERT = insert(schema.documents)
_ADD_URL = sqlite_insert(schema.document_urls).on_conflict_do_nothing()
_ADD_MATCH = insert(schema.matches)
_MATCHED = select(_MATCHES.watch).where(_MATCHES.document == bindparam("of"))
_WRITTEN = (
    update(schema.documents)
    .where(_ROWS.number == bindparam("of"), _ROWS.written_at.is_(None))
    .values(written_at=bindparam("now", type_=schema.Instant))
)
_SEVERAL = select(schema.documents).where(_ROWS.number.in_(schema.values_of("numbers")))
_URLS_OF = select(schema.document_urls).where(_URLS.document.in_(schema.values_of("numbers"))).order_by(_URLS.seen_at)
_MATCHES_OF = select(schema.matches).where(_MATCHES.document.in_(schema.values_of("numbers"))).order_by(_MATCHES.watch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A matched article about to become a document. `id` is of the file's bytes; `name_of` names the file by number.

    `sketch`: its fingerprints; `story_of` finds its story among the documents of the last `story_window` that share
    some.
    """

    article: Article
    matches: tuple[Match, ...]
    id: DocumentId
    text_hash: int
    name_of: Callable[[DocumentNumber], str]
    url: str
    feed: str
    feed_text: str
    fetched_at: datetime
    sketch: Collection[int] = ()
    story_of: Callable[[Sequence[Overlap]], StoryId | None] = lambda _kin: None
    story_window: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A file that was in the folder before watcher knew it. Its number, id and bytes stay as they are."""

    number: DocumentNumber
    id: DocumentId
    name: str
    date: str
    text: str
    text_hash: int
    sketch: Collection[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """A document with its provenance. `urls`: everywhere its very text was seen; `also_in`: in which other feeds."""

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


def record(
    tx: Connection,
    entry_id: EntryId,
    draft: Draft,
    end: entries.EntryEnd,
    telling: deliveries.Telling,
    *,
    highest_in_folder: int,
    now: datetime,
) -> StoredDocument | None:
    """Turns an entry's article into a document, or adds its address to the one that has this text already.

    The document takes the number after the highest of store and folder; its file is owed from now on. Returns None
    for a text that the corpus holds.
    """
    twin = tx.execute(_TWIN, {"hash": draft.text_hash}).first()
    if twin is not None:
        _add_urls(tx, twin.number, draft, end, now=now)
        reason = f"the same text is document {twin.name}"
        ended = entries.EntryEnd(
            outcome=entries.EntryOutcome.DUPLICATE, reason=reason, status=end.status, final_url=end.final_url
        )
        entries.end_with_document(tx, entry_id, ended, twin.number, now=now)
        if not twin.adopted:
            fresh = _add_new_matches(tx, twin.number, draft.matches)
            deliveries.tell(tx, telling, twin.number, StoryId(twin.story), fresh, now=now)
        return None
    number = DocumentNumber(max(highest_number(tx), highest_in_folder) + 1)
    story = draft.story_of(stories.kin(tx, draft.sketch, since=now - draft.story_window))
    story = StoryId(number) if story is None else story
    _insert(tx, number, draft, story=story, now=now)
    stories.remember(tx, number, draft.sketch, now=now)
    _add_urls(tx, number, draft, end, now=now)
    watches = _add_matches(tx, number, draft.matches)
    entries.end_with_document(tx, entry_id, end, number, now=now)
    deliveries.tell(tx, telling, number, story, watches, now=now)
    return get(tx, number)


def highest_number(tx: Connection) -> int:
    """The highest number on record, -1 if there is none."""
    highest = tx.execute(_HIGHEST).scalar()
    return -1 if highest is None else int(highest)


def adopt(tx: Connection, found: Iterable[Adopted], *, now: datetime) -> int:
    """Takes files of the folder on record; numbers on record are left alone. Returns how many are new."""
    return sum(_adopt_one(tx, file, now=now) for file in found)


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


def mark_written(tx: Connection, number: DocumentNumber, *, now: datetime) -> None:
    """The file stands in the corpus."""
    tx.execute(_WRITTEN, {"of": number, "now": now})


def renumber(
    tx: Connection,
    old: DocumentNumber,
    name_of: Callable[[DocumentNumber], str],
    files: Iterable[Adopted],
    *,
    highest_in_folder: int,
    now: datetime,
) -> StoredDocument:
    """Gives way to files that took an unwritten document's number in the folder: they are adopted, it moves up.

    `files`: those of them that could be read.
    """
    new = DocumentNumber(max(highest_number(tx), highest_in_folder) + 1)
    row = tx.execute(select(schema.documents).where(schema.documents.c.number == old)).one()
    values = dict(row._mapping) | {"number": new, "name": name_of(new)}
    if row.story == old:
        values["story"] = new
    tx.execute(insert(schema.documents).values(**values))
    for table in (schema.document_urls, schema.matches, schema.delivery_documents):
        tx.execute(update(table).where(table.c.document == old).values(document=new))
    stories.renumber(tx, old, new)
    for told in (schema.told, schema.deliveries):
        tx.execute(update(told).where(told.c.story == old).values(story=new))
    tx.execute(update(schema.documents).where(schema.documents.c.story == old).values(story=new))
    tx.execute(update(schema.entries).where(schema.entries.c.document == old).values(document=new))
    tx.execute(schema.documents.delete().where(schema.documents.c.number == old))
    adopt(tx, files, now=now)
    return get(tx, new)


def get(tx: Connection, number: int) -> StoredDocument:
    """The document of that number. Raises LookupError."""
    found = several(tx, [number])
    if not found:
        raise LookupError(f"no document {number}")
    return found[number]


def several(tx: Connection, numbers: Iterable[int]) -> dict[int, StoredDocument]:
    """The documents of these numbers, by number, those that there are."""
    rows = tx.execute(_SEVERAL, {"numbers": json.dumps(list(numbers))}).all()
    return {document.number: document for document in _stored(tx, rows)}


def unwritten(tx: Connection, *, limit: int = 100) -> list[StoredDocument]:
    """The first documents whose files are owed, in order."""
    owed = select(schema.documents).where(_ROWS.written_at.is_(None)).order_by(_ROWS.number)
    return _stored(tx, tx.execute(owed.limit(limit)).all())


def stream(tx: Connection) -> Iterator[StoredDocument]:
    """All documents in order, a few in memory at a time."""
    after = -1
    while True:
        page = select(schema.documents).where(_ROWS.number > after).order_by(_ROWS.number)
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
    """Documents of ours recorded since then, the newest first, those of lower numbers than `below` only."""
    rows = schema.documents.c
    own = select(schema.documents).where(rows.recorded_at >= since, ~rows.adopted)
    if below is not None:
        own = own.where(rows.number < below)
    return _stored(tx, tx.execute(own.order_by(rows.number.desc()).limit(limit)).all())


def add_matches(
    tx: Connection, number: int, matches: Iterable[Match], telling: deliveries.Telling, *, now: datetime
) -> None:
    """Records further matches of a document, and what the channels are to be told of them."""
    story = tx.execute(select(_ROWS.story).where(_ROWS.number == number)).scalar_one()
    deliveries.tell(tx, telling, number, StoryId(story), _add_new_matches(tx, number, matches), now=now)


def _adopt_one(tx: Connection, file: Adopted, *, now: datetime) -> bool:
    row = {
        "number": file.number,
        "id": file.id,
        "name": file.name,
        "adopted": True,
        "date": file.date,
        "text": file.text,
        "text_hash": file.text_hash,
        "story": file.number,
        "recorded_at": now,
        "written_at": now,
    }
    is_new = tx.execute(sqlite_insert(schema.documents).values(row).on_conflict_do_nothing()).rowcount > 0
    if is_new:
        stories.remember(tx, file.number, file.sketch, now=now)
    return is_new


def _insert(tx: Connection, number: DocumentNumber, draft: Draft, *, story: StoryId, now: datetime) -> None:
    article = draft.article
    row = {
        "number": number,
        "id": draft.id,
        "name": draft.name_of(number),
        "date": article.date.isoformat() if article.date else "",
        "text": article.text,
        "text_hash": draft.text_hash,
        "title": article.title,
        "url": draft.url,
        "feed": draft.feed,
        "feed_text": draft.feed_text,
        "author": article.author,
        "site": article.site,
        "language": article.language,
        "published_at": article.published_at,
        "fetched_at": draft.fetched_at,
        "text_from": article.text_from.value,
        "quality": article.quality.value,
        "extractor": article.extractor,
        "origins": json.dumps(dict(article.origins), ensure_ascii=False),
        "story": story,
        "recorded_at": now,
    }
    tx.execute(_INSERT, row)


def _add_urls(tx: Connection, number: int, draft: Draft, end: entries.EntryEnd, *, now: datetime) -> None:
    """The link, and where it led to; within one host that may be but another spelling of it."""
    moved = draft.article.text_from is TextFrom.PAGE and host_of(end.final_url) != host_of(draft.url)
    urls = filter(None, (draft.url, end.final_url if moved else ""))
    if rows := [{"document": number, "url": url, "feed": draft.feed, "seen_at": now} for url in urls]:
        tx.execute(_ADD_URL, rows)


def _add_new_matches(tx: Connection, number: int, matches: Iterable[Match]) -> tuple[str, ...]:
    """Records the matches whose watches are new to the document; returns these."""
    known = set(tx.execute(_MATCHED, {"of": number}).scalars())
    return _add_matches(tx, number, [match for match in matches if match.watch not in known])


def _add_matches(tx: Connection, number: int, matches: Collection[Match]) -> tuple[str, ...]:
    rows = [
        {"document": number, "watch": match.watch, "hits": _HITS.dump_json(match.hits).decode()} for match in matches
    ]
    if rows:
        tx.execute(_ADD_MATCH, rows)
    return tuple(match.watch for match in matches)


def _stored(tx: Connection, rows: Sequence[Row[Any]]) -> list[StoredDocument]:
    """The documents of these rows, in their order."""
    if not rows:
        return []
    numbers = {"numbers": json.dumps([row.number for row in rows])}
    places, matches = defaultdict(list), defaultdict(list)
    for place in tx.execute(_URLS_OF, numbers):
        places[place.document].append(place)
    for match in tx.execute(_MATCHES_OF, numbers):
        matches[match.document].append(Match(watch=match.watch, hits=_HITS.validate_json(match.hits)))
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
