"""Keeps the fingerprints by which new documents are assigned to stories."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, delete, insert, select, update

from watcher.store import schema
from watcher.store.dialect import values_of

_SKETCH = insert(schema.sketches)
_FINGERPRINT = insert(schema.fingerprints).from_select(
    ["fingerprint", "document"],
    values_of("fingerprints").add_columns(bindparam("of", type_=Integer)),
)


def remember(tx: Connection, document: int, fingerprints: Collection[int], *, now: datetime) -> None:
    """Stores a document's fingerprints."""
    if fingerprints:
        tx.execute(_SKETCH, {"document": document, "size": len(fingerprints), "recorded_at": now})
        tx.execute(_FINGERPRINT, {"fingerprints": json.dumps(list(fingerprints)), "of": document})


def renumber(tx: Connection, old: int, new: int) -> None:
    """Moves the fingerprints of a document to its new number."""
    for table in (schema.sketches, schema.fingerprints):
        tx.execute(update(table).where(table.c.document == old).values(document=new))


def forget(tx: Connection, *, before: datetime) -> None:
    """Deletes the fingerprints of documents recorded before then."""
    sketches = schema.sketches.c
    old = select(sketches.document).where(sketches.recorded_at < before)
    tx.execute(delete(schema.fingerprints).where(schema.fingerprints.c.document.in_(old)))
    tx.execute(delete(schema.sketches).where(sketches.recorded_at < before))
