"""Records documents with their matches and deliveries in one transaction. Their files are written after it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from watcher.model import (
    NO_RIGHTS,
    Article,
    DocumentId,
    DocumentNumber,
    EntryId,
    Match,
    Overlap,
    Rights,
    StoryId,
    TextFrom,
)
from watcher.store import schema
from watcher.store.codec import dump_hits
from watcher.store.commands import entries, outbox, revisits, spikes, stories
from watcher.store.commands.document_pages import record_rights
from watcher.store.commands.jobs import wake_archive, wake_channels
from watcher.store.commands.revisits import NO_VALIDATORS, Validators
from watcher.store.dialect import Instant, deciding, shard_count, upsert
from watcher.store.queries.overlaps import find_overlaps
from watcher.store.queries.stored_documents import StoredDocument, get, highest_number, text_of
from watcher.text import host_of

_documents, _urls, _matches = schema.documents.c, schema.document_urls.c, schema.matches.c
_SAME_TEXT = (
    select(_documents.number, _documents.name, _documents.adopted, _documents.story)
    .where(_documents.text_hash == bindparam("hash"))
    .limit(1)
)
_TWIN = select(
    _documents.number, _documents.name, _documents.adopted, _documents.story, _documents.feed, _documents.title
).where(_documents.number == bindparam("of"))
_CHANGED = select(_documents.story, _documents.adopted, _documents.feed_text).where(
    _documents.number == bindparam("of")
)
_INSERT = insert(schema.documents)
_ADD_URL = upsert(schema.document_urls).on_conflict_do_nothing()
_ADD_MATCH = insert(schema.matches)
_MATCHED = select(_matches.watch).where(_matches.document == bindparam("of"))
_WRITTEN = (
    update(schema.documents)
    .where(_documents.number == bindparam("of"), _documents.written_at.is_(None))
    .values(written_at=bindparam("now", type_=Instant))
)


_CHANNELS_OF = (
    select(schema.deliveries.c.channel)
    .join(schema.delivery_documents, schema.delivery_documents.c.delivery == schema.deliveries.c.sequence)
    .where(schema.delivery_documents.c.document == bindparam("of"))
    .distinct()
)
_MOST_COMPARED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A matched article that is to become a document. `id`: of the file's bytes; `name_of`: the file's name by number.

    `sketch`: its fingerprints. `story_of` finds its story among the documents of the last `story_window` that share
    fingerprints with it; it may read the texts of those by their numbers. `is_same_text`: whether another text is the
    same but for counters. `rights`: the reservations that the page declares. `validators`: of the page's answer;
    `revisit_at`: when the page is read again, None: never.
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
    story_of: Callable[[Sequence[Overlap], Callable[[int], str]], StoryId | None] = lambda _overlaps, _text_of: None
    story_window: timedelta = timedelta()
    is_same_text: Callable[[str], bool] = lambda _other: False
    rights: Rights = NO_RIGHTS
    validators: Validators = NO_VALIDATORS
    revisit_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A file that was in the folder before watcher knew it. Its number, id and bytes stay."""

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
    recipients: outbox.Recipients,
    *,
    highest_in_folder: int,
    now: datetime,
) -> StoredDocument | None:
    """Makes a document of an entry's article, or adds the article's address to the document that has the same text.

    The document takes the number after the highest of store and folder; its file is unwritten until `mark_written`.
    Returns None if the corpus already has the text.
    """
    deciding(tx)
    found = find_overlaps(tx, draft.sketch, since=now - draft.story_window)
    twin = tx.execute(_SAME_TEXT, {"hash": draft.text_hash}).first() or _near_twin(tx, draft, found)
    if twin is not None:
        _add_urls(tx, twin.number, draft, end, now=now)
        reason = f"the same text is document {twin.name}"
        ended = replace(end, outcome=entries.EntryOutcome.DUPLICATE, reason=reason)
        entries.end_with_document(tx, entry_id, ended, twin.number, now=now)
        if not twin.adopted:
            fresh = _add_new_matches(tx, twin.number, draft.matches)
            _notify(tx, recipients, twin.number, StoryId(twin.story), fresh, now=now)
        return None
    number = DocumentNumber(max(highest_number(tx), highest_in_folder) + 1)
    story = draft.story_of(found, partial(text_of, tx))
    story = StoryId(number) if story is None else story
    _insert(tx, number, draft, story=story, now=now)
    record_rights(tx, number, draft.rights)
    stories.remember(tx, number, draft.sketch, now=now)
    _add_urls(tx, number, draft, end, now=now)
    if draft.revisit_at is not None:
        revisits.plan(tx, number, draft.validators, due_at=draft.revisit_at, now=now)
    watches = _add_matches(tx, number, draft.matches)
    entries.end_with_document(tx, entry_id, end, number, now=now)
    _notify(tx, recipients, number, story, watches, now=now)
    wake_archive(tx)
    return get(tx, number)


def _near_twin(tx: Connection, draft: Draft, found: Sequence[Overlap]) -> Row[*tuple[Any, ...]] | None:
    """Finds a document of the same feed, title and time of publication whose text is the same but for counters.

    Reports that appear every day (water levels, draws) differ from each other like counters, but for their time.
    """
    article = draft.article
    same_time = [other for other in found if (other.date, other.published_at) == (article.date, article.published_at)]
    for other in sorted(same_time, key=lambda other: other.shared, reverse=True)[:_MOST_COMPARED]:
        twin = tx.execute(_TWIN, {"of": other.document}).first()
        alike = twin is not None and (twin.feed, twin.title) == (draft.feed, article.title)
        if alike and draft.is_same_text(text_of(tx, other.document)):
            return twin
    return None


def record_change(
    tx: Connection,
    entry_id: EntryId,
    number: int,
    passages: Sequence[tuple[Match, str]],
    end: entries.EntryEnd,
    recipients: outbox.Recipients,
    *,
    now: datetime,
) -> bool:
    """Ends another ingestion of an entry that has a document. Returns whether it matched further watches.

    `passages`: the matches in the changed article, each with the passages that its hits (of `HitField.FEED`) point
    into. They are kept behind the feed's text of the document, whose own text and file stay as they are.
    """
    deciding(tx)
    entries.end_again(tx, entry_id, end, now=now)
    row = tx.execute(_CHANGED, {"of": number}).first()
    if row is None or row.adopted:
        return False
    known = set(tx.execute(_MATCHED, {"of": number}).scalars())
    feed_text, matches = row.feed_text, []
    for match, text in passages:
        if match.watch not in known:
            start = len(feed_text) + 2 if feed_text else 0
            feed_text = f"{feed_text}\n\n{text}" if feed_text else text
            hits = tuple(replace(hit, start=hit.start + start, end=hit.end + start) for hit in match.hits)
            matches.append(replace(match, hits=hits))
    if matches:
        tx.execute(update(schema.documents).where(_documents.number == number).values(feed_text=feed_text))
        fresh = _add_matches(tx, number, matches)
        _notify(tx, recipients, number, StoryId(row.story), fresh, now=now)
    return bool(matches)


def adopt(tx: Connection, found: Iterable[Adopted], *, now: datetime) -> int:
    """Records files of the folder whose numbers are not on record. Returns the number of new ones."""
    deciding(tx)
    return sum(_adopt_one(tx, file, now=now) for file in found)


def mark_written(tx: Connection, number: DocumentNumber, *, now: datetime) -> None:
    """Records that the document's file is in the corpus."""
    tx.execute(_WRITTEN, {"of": number, "now": now})
    if shard_count(tx):
        wake_channels(tx, tx.execute(_CHANNELS_OF, {"of": number}).scalars())


def renumber(
    tx: Connection,
    old: DocumentNumber,
    name_of: Callable[[DocumentNumber], str],
    files: Iterable[Adopted],
    *,
    highest_in_folder: int,
    now: datetime,
) -> StoredDocument:
    """Gives an unwritten document another number, because files in the folder took its own; these are adopted.

    `files`: the readable ones among them.
    """
    deciding(tx)
    new = DocumentNumber(max(highest_number(tx), highest_in_folder) + 1)
    row = tx.execute(select(schema.documents).where(schema.documents.c.number == old)).one()
    values = dict(row._mapping) | {"number": new, "name": name_of(new)}
    if row.story == old:
        values["story"] = new
    tx.execute(insert(schema.documents).values(**values))
    for table in (
        schema.document_urls,
        schema.matches,
        schema.delivery_documents,
        schema.document_rights,
        schema.document_pages,
    ):
        tx.execute(update(table).where(table.c.document == old).values(document=new))
    stories.renumber(tx, old, new)
    revisits.renumber(tx, old, new)
    for table in (schema.notified, schema.deliveries):
        tx.execute(update(table).where(table.c.story == old).values(story=new))
    tx.execute(update(schema.documents).where(schema.documents.c.story == old).values(story=new))
    for table in (schema.entries, schema.backfill_entries):
        tx.execute(update(table).where(table.c.document == old).values(document=new))
    tx.execute(schema.documents.delete().where(schema.documents.c.number == old))
    adopt(tx, files, now=now)
    return get(tx, new)


def add_matches(
    tx: Connection, number: int, matches: Iterable[Match], recipients: outbox.Recipients, *, now: datetime
) -> None:
    """Records further matches of a document, and holds deliveries of them."""
    deciding(tx)
    story = tx.execute(select(_documents.story).where(_documents.number == number)).scalar_one()
    outbox.notify_of_document(tx, recipients, number, StoryId(story), _add_new_matches(tx, number, matches), now=now)


def _notify(
    tx: Connection, recipients: outbox.Recipients, number: int, story: StoryId, watches: Sequence[str], *, now: datetime
) -> None:
    outbox.notify_of_document(tx, recipients, number, story, watches, now=now)
    spikes.count(tx, recipients, number, watches, now=now)


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
    insertion = upsert(schema.documents).values(row).on_conflict_do_nothing().returning(schema.documents.c.number)
    is_new = tx.execute(insertion).first() is not None
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
    """Records the link and the page's final address, unless both have one host: there it may be another spelling."""
    moved = draft.article.text_from is TextFrom.PAGE and host_of(end.final_url) != host_of(draft.url)
    urls = filter(None, (draft.url, end.final_url if moved else ""))
    if rows := [{"document": number, "url": url, "feed": draft.feed, "seen_at": now} for url in urls]:
        tx.execute(_ADD_URL, rows)


def _add_new_matches(tx: Connection, number: int, matches: Iterable[Match]) -> tuple[str, ...]:
    """Records the matches of watches that had not matched the document. Returns these watches."""
    known = set(tx.execute(_MATCHED, {"of": number}).scalars())
    return _add_matches(tx, number, [match for match in matches if match.watch not in known])


def _add_matches(tx: Connection, number: int, matches: Collection[Match]) -> tuple[str, ...]:
    rows = [{"document": number, "watch": match.watch, "hits": dump_hits(match.hits)} for match in matches]
    if rows:
        tx.execute(_ADD_MATCH, rows)
    return tuple(match.watch for match in matches)
