"""Rows of fingerprints: which documents of the last days share some. What makes a story is not decided here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from watcher.model import PartialDate, StoryId
from watcher.store import schema

_AT_ONCE = 500  # SQLite takes 32,766 values, but plans a statement for each number of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """A document that shares fingerprints with a new one. `size`: how many it has itself."""

    document: int
    story: StoryId
    shared: int
    size: int
    date: PartialDate | None
    published_at: datetime | None


def kin(tx: Connection, fingerprints: Collection[int], *, since: datetime) -> list[Kin]:
    """The documents recorded since then that share some of the fingerprints."""
    shared = _shared(tx, fingerprints)
    if not shared:
        return []
    documents, sketches = schema.documents.c, schema.sketches.c
    found = (
        select(documents.number, documents.story, documents.date, documents.published_at, sketches.size)
        .join(schema.sketches, sketches.document == documents.number)
        .where(documents.number.in_(shared), sketches.recorded_at >= since)
    )
    return [
        Kin(
            document=row.number,
            story=StoryId(row.story),
            shared=shared[row.number],
            size=row.size,
            date=PartialDate.fromisoformat(row.date) if row.date else None,
            published_at=row.published_at,
        )
        for row in tx.execute(found)
    ]


def remember(tx: Connection, document: int, fingerprints: Collection[int], *, now: datetime) -> None:
    """Keeps a document's fingerprints, for those that come after it."""
    if fingerprints:
        tx.execute(insert(schema.sketches).values(document=document, size=len(fingerprints), recorded_at=now))
        rows = [{"fingerprint": fingerprint, "document": document} for fingerprint in fingerprints]
        tx.execute(insert(schema.fingerprints), rows)


def renumber(tx: Connection, old: int, new: int) -> None:
    """The document has another number."""
    for table in (schema.sketches, schema.fingerprints):
        tx.execute(update(table).where(table.c.document == old).values(document=new))


def forget(tx: Connection, *, before: datetime) -> None:
    """Drops the fingerprints of documents recorded before then."""
    sketches = schema.sketches.c
    old = select(sketches.document).where(sketches.recorded_at < before)
    tx.execute(delete(schema.fingerprints).where(schema.fingerprints.c.document.in_(old)))
    tx.execute(delete(schema.sketches).where(sketches.recorded_at < before))


def _shared(tx: Connection, fingerprints: Collection[int]) -> Counter[int]:
    """Document -> how many of the fingerprints it has, of those that have any."""
    rows = schema.fingerprints.c
    shared: Counter[int] = Counter()
    wanted = sorted(fingerprints)
    for start in range(0, len(wanted), _AT_ONCE):
        some = rows.fingerprint.in_(wanted[start : start + _AT_ONCE])
        for row in tx.execute(select(rows.document, func.count()).where(some).group_by(rows.document)):
            shared[row[0]] += row[1]
    return shared
