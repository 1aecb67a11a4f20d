"""Plans, claims and settles the readings of documents' pages. A new version and its deliveries share a transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update

from watcher.model import Change, RevisionClass, TextFrom, Track
from watcher.store import schema
from watcher.store.codec import dump_changes, pack_text, pack_track, unpack_track
from watcher.store.commands import outbox
from watcher.store.dialect import SHARDS_ASKED, Instant, column_of_shard, upsert
from watcher.store.queries.stored_documents import StoredDocument, get, get_many

MOST_BYTES = 4 * 2**20
"""Compressed bytes of all versions of one document; the texts of the oldest are dropped."""
_LONGEST_PROBLEM = 500

_rows, _documents, _versions = schema.revisits.c, schema.documents.c, schema.revisions.c
_PLAN = upsert(schema.revisits).on_conflict_do_nothing()
_DUE = (
    select(schema.revisits)
    .join(schema.documents, _documents.number == _rows.document)
    .where(
        _rows.due_at <= bindparam("now", type_=Instant),
        or_(_rows.lease_until.is_(None), _rows.lease_until <= bindparam("now", type_=Instant)),
        _documents.written_at.is_not(None),  # its number does not change any more
    )
    .order_by(_rows.due_at)
    .limit(bindparam("most"))
    .with_for_update(of=schema.revisits, skip_locked=True)
)
_SHARD = column_of_shard(schema.revisits)
_DUE_IN_SHARDS = _DUE.add_columns(_SHARD).where(_SHARD.op("=")(func.any(SHARDS_ASKED)))
_CLAIM = update(schema.revisits).where(_rows.document == bindparam("of"))
_CLAIM = _CLAIM.values(lease_until=bindparam("until", type_=Instant))
_OURS = and_(_rows.document == bindparam("of"), _rows.lease_until == bindparam("lease", type_=Instant))


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """The validators of a page's answer, "" for each that it does not have."""

    etag: str = ""
    last_modified: str = ""


NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedRevisit:
    """A document whose page this process reads until `lease_until`.

    `validators`: of the answer that showed the text with the key `validated`, None for the document's own text.
    `fetched_at`: the time of the last whole answer. `track`: None before the first reading. `shard`: that of its host,
    if it was claimed by shards.
    """

    document: StoredDocument
    archived_at: datetime
    lease_until: datetime
    validators: Validators
    validated: int | None
    fetched_at: datetime | None
    track: Track | None
    shard: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedVersion:
    """A version to record. `text`: None if the page is gone."""

    version: int
    title: str
    text: str | None
    classes: tuple[RevisionClass, ...]
    changes: tuple[Change, ...]
    passages: tuple[Change, ...]
    seen_at: datetime
    modified_at: datetime | None
    admitted: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisitEnd:
    """The result of a reading. `due_at`: when the page is read next, None: never.

    `validators`, `validated`: of this answer; None: those on record stay. `channels`: those to notify of the version.
    """

    track: Track
    due_at: datetime | None
    validators: Validators | None = None
    validated: int | None = None
    problem: str = ""
    version: RecordedVersion | None = None
    channels: Sequence[str] = ()


def plan(tx: Connection, document: int, validators: Validators, *, due_at: datetime, now: datetime) -> None:
    """Plans the first reading of a document's page, unless there is one."""
    row = {
        "document": document,
        "archived_at": now,
        "due_at": due_at,
        "etag": validators.etag,
        "last_modified": validators.last_modified,
        "fetched_at": now,
    }
    tx.execute(_PLAN, row)


def enroll(
    tx: Connection,
    next_reading: Callable[[datetime], datetime | None],
    *,
    since: datetime,
    after: int,
    limit: int,
) -> int | None:
    """Plans readings of documents that were archived since then and have none ahead, by their time of archiving.

    Examines the documents with the next `limit` numbers after `after`. Returns the last one, None at the end.
    """
    own = and_(_documents.number > after, _documents.recorded_at >= since, ~_documents.adopted, _documents.url != "")
    own = and_(own, _documents.text_from != TextFrom.SEEN.value)  # their pages were gone before
    found = tx.execute(
        select(_documents.number, _documents.recorded_at, _rows.document, _rows.due_at)
        .outerjoin(schema.revisits, _rows.document == _documents.number)
        .where(own)
        .order_by(_documents.number)
        .limit(limit)
    ).all()
    for row in found:
        due_at = next_reading(row.recorded_at) if row.due_at is None else None
        if due_at is None:
            continue
        if row.document is None:
            tx.execute(_PLAN, {"document": row.number, "archived_at": row.recorded_at, "due_at": due_at})
        else:
            tx.execute(update(schema.revisits).where(_rows.document == row.number).values(due_at=due_at))
    return found[-1].number if len(found) == limit else None


def claim(
    tx: Connection, *, now: datetime, limit: int, lease: timedelta, shards: Sequence[int] | None = None
) -> list[ClaimedRevisit]:
    """Claims the documents whose pages are due, the longest overdue first. `shards`: only of these; None: all."""
    asked = {"now": now, "most": limit}
    due = tx.execute(_DUE, asked) if shards is None else tx.execute(_DUE_IN_SHARDS, asked | {"shards": list(shards)})
    found = due.all()
    if not found:
        return []
    until = now + lease
    tx.execute(_CLAIM, [{"of": row.document, "until": until} for row in found])
    stored = get_many(tx, [row.document for row in found])
    return [
        ClaimedRevisit(
            document=stored[row.document],
            archived_at=row.archived_at,
            lease_until=until,
            validators=Validators(etag=row.etag, last_modified=row.last_modified),
            validated=row.validated,
            fetched_at=row.fetched_at,
            track=unpack_track(row.track) if row.track else None,
            shard=None if shards is None else row.shard,
        )
        for row in found
    ]


def void_claims(tx: Connection) -> None:
    """Cancels the claims of a former process."""
    tx.execute(update(schema.revisits).where(_rows.lease_until.is_not(None)).values(lease_until=None))


def release(tx: Connection, claimed: ClaimedRevisit) -> None:
    """Gives a claim back."""
    tx.execute(update(schema.revisits).where(_OURS).values(lease_until=None), _named(claimed))


def reschedule(tx: Connection, claimed: Iterable[tuple[ClaimedRevisit, datetime]]) -> None:
    """Gives claims back, each to be due at another time."""
    for each, due_at in claimed:
        tx.execute(update(schema.revisits).where(_OURS).values(lease_until=None, due_at=due_at), _named(each))


def settle(tx: Connection, claimed: ClaimedRevisit, end: RevisitEnd, *, now: datetime) -> bool:
    """Records a reading, its new version, and the deliveries that notify of it.

    Returns False, with nothing changed, if the claim was lost meanwhile: another reading counts then.
    """
    values: dict[str, Any] = {
        "track": pack_track(end.track),
        "due_at": end.due_at,
        "lease_until": None,
        "readings": _rows.readings + 1,
        "last_at": now,
        "problem": end.problem[:_LONGEST_PROBLEM],
    }
    if end.validators is not None:
        values |= {"etag": end.validators.etag, "last_modified": end.validators.last_modified}
        values |= {"validated": end.validated, "fetched_at": now}
    if not tx.execute(update(schema.revisits).where(_OURS).values(**values), _named(claimed)).rowcount:
        return False
    if end.version is not None:
        document = get(tx, claimed.document.number)
        _record(tx, document.number, end.version, now=now)
        for channel in end.channels:
            outbox.notify_of_revision(tx, channel, document, end.version.version, now=now)
    return True


def renumber(tx: Connection, old: int, new: int) -> None:
    """Moves the plan of a document that takes another number. It has no versions before its file is written."""
    tx.execute(update(schema.revisits).where(_rows.document == old).values(document=new))


def drop_texts(tx: Connection, *, before: datetime, limit: int, now: datetime) -> int:
    """Drops the texts of versions that were recorded before then; their classes and sentences stay."""
    expired = select(_versions.document, _versions.version)
    expired = expired.where(_versions.recorded_at < before, _versions.text.is_not(None)).limit(limit)
    found = tx.execute(expired).all()
    for row in found:
        _drop_text(tx, row.document, row.version, now=now)
    return len(found)


def drop_tracks(tx: Connection, *, before: datetime, limit: int) -> int:
    """Deletes what was known of pages whose last reading was before then. Returns the number of documents."""
    ended = and_(_rows.due_at.is_(None), _rows.last_at < before)
    some = tx.execute(select(_rows.document).where(ended).limit(limit)).scalars().all()
    return tx.execute(delete(schema.revisits).where(_rows.document.in_(some))).rowcount


def _record(tx: Connection, number: int, version: RecordedVersion, *, now: datetime) -> None:
    row = {
        "document": number,
        "version": version.version,
        "title": version.title,
        "text": pack_text(version.text) if version.text is not None else None,
        "changes": pack_text(dump_changes(version.changes)),
        "classes": json.dumps([each.value for each in version.classes]),
        "passages": dump_changes(version.passages),
        "seen_at": version.seen_at,
        "recorded_at": now,
        "modified_at": version.modified_at,
        "admitted": version.admitted,
    }
    tx.execute(insert(schema.revisions), row)
    _drop_excess(tx, number, now=now)


def _drop_excess(tx: Connection, number: int, *, now: datetime) -> None:
    """Drops the texts of a document's oldest versions until all of them take at most MOST_BYTES."""
    found = select(_versions.version, _versions.text, _versions.changes).where(_versions.document == number)
    total = 0
    for row in tx.execute(found.order_by(_versions.version.desc())).all():
        total += len(row.text or b"") + len(row.changes or b"")
        if total > MOST_BYTES and row.text is not None:
            total -= len(row.text) + len(row.changes or b"")
            _drop_text(tx, number, row.version, now=now)


def _drop_text(tx: Connection, number: int, version: int, *, now: datetime) -> None:
    this = and_(_versions.document == number, _versions.version == version)
    tx.execute(update(schema.revisions).where(this).values(text=None, changes=None, dropped_at=now))


def _named(claimed: ClaimedRevisit) -> dict[str, object]:
    return {"of": claimed.document.number, "lease": claimed.lease_until}
