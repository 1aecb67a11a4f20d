"""Rows of fingerprints: which documents of the last days share some. What makes a story is not decided here."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, delete, func, insert, select, update

from watcher.model import PartialDate, StoryId
from watcher.store import schema

_SKETCHES, _FINGERPRINTS = schema.sketches.c, schema.fingerprints.c
_SHARED = (
    select(_FINGERPRINTS.document, func.count().label("shared"))
    .where(_FINGERPRINTS.fingerprint.in_(schema.values_of("fingerprints")))
    .group_by(_FINGERPRINTS.document)
)
_KIN = (
    select(
        schema.documents.c.number,
        schema.documents.c.story,
        schema.documents.c.date,
        schema.documents.c.published_at,
        _SKETCHES.size,
    )
    .join(schema.sketches, _SKETCHES.document == schema.documents.c.number)
    .where(
        schema.documents.c.number.in_(schema.values_of("documents")),
        _SKETCHES.recorded_at >= bindparam("since", type_=schema.Instant),
    )
)
_SKETCH = insert(schema.sketches)
_FINGERPRINT = insert(schema.fingerprints).from_select(
    ["fingerprint", "document"],
    schema.values_of("fingerprints").add_columns(bindparam("of", type_=Integer)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """A document that shares fingerprints with a new one. `size`: how many it has itself."""

    document: int
    story: StoryId
    shared: int
    size: int
    date: PartialDate | None
    published_at: datetime | None


def kin(tx: Connection, fingerprints: Collection[int], *, since: datetime) -> list[Overlap]:
    """The documents recorded since then that share some of the fingerprints."""
    found = tx.execute(_SHARED, {"fingerprints": json.dumps(list(fingerprints))}).all() if fingerprints else []
    if not found:
        return []
    shared = {row.document: row.shared for row in found}
    return [
        Overlap(
            document=row.number,
            story=StoryId(row.story),
            shared=shared[row.number],
            size=row.size,
            date=PartialDate.fromisoformat(row.date) if row.date else None,
            published_at=row.published_at,
        )
        for row in tx.execute(_KIN, {"documents": json.dumps(list(shared)), "since": since})
    ]


def remember(tx: Connection, document: int, fingerprints: Collection[int], *, now: datetime) -> None:
    """Keeps a document's fingerprints, for those that come after it."""
    if fingerprints:
        tx.execute(_SKETCH, {"document": document, "size": len(fingerprints), "recorded_at": now})
        tx.execute(_FINGERPRINT, {"fingerprints": json.dumps(list(fingerprints)), "of": document})


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
