"""Revisions on record, for `revisions`, exports, `explain` and alerts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, func, select

from watcher.model import Change, DocumentNumber, Revision, RevisionClass
from watcher.store import schema
from watcher.store.codec import load_changes, unpack_text, unpack_track
from watcher.store.dialect import values_of

_rows, _documents, _matches = schema.revisions.c, schema.documents.c, schema.matches.c
_links, _revisits = schema.delivery_revisions.c, schema.revisits.c
_COLUMNS: list[Column[Any]] = [column for column in _rows if column.name not in ("text", "changes")]
_LISTED: Select[Any] = select(*_COLUMNS, _documents.url).join(schema.documents, _documents.number == _rows.document)
_NEWEST_FIRST = (_rows.seen_at.desc(), _rows.document.desc(), _rows.version.desc())
_WATCHES_OF = select(_matches.document, _matches.watch).where(_matches.document.in_(values_of("numbers")))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """A recorded version with its text. `text`, `changes`: None once they were dropped, at `dropped_at`."""

    revision: Revision
    text: str | None
    changes: tuple[Change, ...] | None
    dropped_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingStatus:
    """The readings of a document's page so far. `next_at`: None if there is none ahead. `problem`: of the last one."""

    readings: int
    last_at: datetime | None
    next_at: datetime | None
    problem: str
    left_out: int = 0


def newest(tx: Connection) -> list[Revision]:
    """Returns all revisions, the one that was seen last first."""
    return _revisions(tx, tx.execute(_LISTED.order_by(*_NEWEST_FIRST)).all())


def of_documents(tx: Connection, numbers: Iterable[int]) -> dict[int, list[Revision]]:
    """Returns the revisions of these documents, the one that was seen last first."""
    some = _LISTED.where(_rows.document.in_(values_of("numbers"))).order_by(*_NEWEST_FIRST)
    found: dict[int, list[Revision]] = {}
    for revision in _revisions(tx, tx.execute(some, {"numbers": json.dumps(list(numbers))}).all()):
        found.setdefault(revision.number, []).append(revision)
    return found


def of_delivery(tx: Connection, delivery: int, *, most: int) -> tuple[tuple[Revision, ...], int]:
    """Returns the newest revisions of which a delivery notifies, up to `most`, and the number of all."""
    mine = (_links.document == _rows.document) & (_links.version == _rows.version)
    found = _LISTED.join(schema.delivery_revisions, mine).where(_links.delivery == delivery)
    rows = tx.execute(found.order_by(*_NEWEST_FIRST).limit(most)).all()
    count = select(func.count()).select_from(schema.delivery_revisions).where(_links.delivery == delivery)
    return tuple(_revisions(tx, rows)), tx.execute(count).scalar_one()


def versions(tx: Connection, number: int) -> list[StoredVersion]:
    """Returns the recorded versions of a document in order, without version 0, the document itself."""
    rows = tx.execute(select(schema.revisions, _documents.url).join(schema.documents).where(_rows.document == number))
    found = sorted(rows.all(), key=lambda row: int(row.version))
    return [
        StoredVersion(
            revision=revision,
            text=unpack_text(row.text) if row.text is not None else None,
            changes=load_changes(unpack_text(row.changes)) if row.changes is not None else None,
            dropped_at=row.dropped_at,
        )
        for row, revision in zip(found, _revisions(tx, found), strict=True)
    ]


def reading_status(tx: Connection, number: int) -> ReadingStatus | None:
    """Returns the readings of a document's page, None if it is not read again."""
    row = tx.execute(select(schema.revisits).where(_revisits.document == number)).first()
    if row is None:
        return None
    return ReadingStatus(
        readings=row.readings,
        last_at=row.last_at,
        next_at=row.due_at,
        problem=row.problem,
        left_out=unpack_track(row.track).left_out if row.track else 0,
    )


def _revisions(tx: Connection, rows: Sequence[Row[Any]]) -> list[Revision]:
    watches: dict[int, list[str]] = {}
    numbers = json.dumps(sorted({row.document for row in rows}))
    for match in tx.execute(_WATCHES_OF.order_by(_matches.watch), {"numbers": numbers}) if rows else ():
        watches.setdefault(match.document, []).append(match.watch)
    return [
        Revision(
            number=DocumentNumber(row.document),
            version=row.version,
            url=row.url,
            title=row.title,
            watches=tuple(watches.get(row.document, ())),
            classes=tuple(RevisionClass(each) for each in json.loads(row.classes)),
            seen_at=row.seen_at,
            passages=load_changes(row.passages),
            modified_at=row.modified_at,
            admitted=row.admitted,
        )
        for row in rows
    ]
