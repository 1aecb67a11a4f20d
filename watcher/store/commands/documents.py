"""Records documents with their matches and deliveries in one transaction. Their files are written after it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy import (
    Connection,
    bindparam,
    insert,
    select,
    update,
)

from watcher.model import (
    Article,
    DocumentId,
    DocumentNumber,
    EntryId,
    Hit,
    Match,
    Overlap,
    StoryId,
    TextFrom,
)
from watcher.store import schema
from watcher.store.commands import entries, outbox, stories
from watcher.store.queries import overlaps
from watcher.store.queries.stored_documents import StoredDocument, get, highest_number
from watcher.store.sql import Instant, upsert
from watcher.text import host_of

_HITS = TypeAdapter(tuple[Hit, ...])
# Statements of every match are made once: making one takes longer than carrying it out.
_ROWS, _URLS, _MATCHES = schema.documents.c, schema.document_urls.c, schema.matches.c
_TWIN = (
    select(_ROWS.number, _ROWS.name, _ROWS.adopted, _ROWS.story).where(_ROWS.text_hash == bindparam("hash")).limit(1)
)
_INSERT = insert(schema.documents)
_ADD_URL = upsert(schema.document_urls).on_conflict_do_nothing()
_ADD_MATCH = insert(schema.matches)
_MATCHED = select(_MATCHES.watch).where(_MATCHES.document == bindparam("of"))
_WRITTEN = (
    update(schema.documents)
    .where(_ROWS.number == bindparam("of"), _ROWS.written_at.is_(None))
    .values(written_at=bindparam("now", type_=Instant))
)


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
    story_of: Callable[[Sequence[Overlap]], StoryId | None] = lambda _overlaps: None
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


def record(
    tx: Connection,
    entry_id: EntryId,
    draft: Draft,
    end: entries.EntryEnd,
    telling: outbox.Telling,
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
        ended = replace(end, outcome=entries.EntryOutcome.DUPLICATE, reason=reason)
        entries.end_with_document(tx, entry_id, ended, twin.number, now=now)
        if not twin.adopted:
            fresh = _add_new_matches(tx, twin.number, draft.matches)
            outbox.tell(tx, telling, twin.number, StoryId(twin.story), fresh, now=now)
        return None
    number = DocumentNumber(max(highest_number(tx), highest_in_folder) + 1)
    story = draft.story_of(overlaps.find(tx, draft.sketch, since=now - draft.story_window))
    story = StoryId(number) if story is None else story
    _insert(tx, number, draft, story=story, now=now)
    stories.remember(tx, number, draft.sketch, now=now)
    _add_urls(tx, number, draft, end, now=now)
    watches = _add_matches(tx, number, draft.matches)
    entries.end_with_document(tx, entry_id, end, number, now=now)
    outbox.tell(tx, telling, number, story, watches, now=now)
    return get(tx, number)


def adopt(tx: Connection, found: Iterable[Adopted], *, now: datetime) -> int:
    """Takes files of the folder on record; numbers on record are left alone. Returns how many are new."""
    return sum(_adopt_one(tx, file, now=now) for file in found)


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


def add_matches(
    tx: Connection, number: int, matches: Iterable[Match], telling: outbox.Telling, *, now: datetime
) -> None:
    """Records further matches of a document, and what the channels are to be told of them."""
    story = tx.execute(select(_ROWS.story).where(_ROWS.number == number)).scalar_one()
    outbox.tell(tx, telling, number, StoryId(story), _add_new_matches(tx, number, matches), now=now)


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
    is_new = tx.execute(upsert(schema.documents).values(row).on_conflict_do_nothing()).rowcount > 0
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
