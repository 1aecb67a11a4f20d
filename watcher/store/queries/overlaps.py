"""Finds recent documents that share fingerprints with a new one. No policy: the caller decides what a story is."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from watcher.model import Overlap, PartialDate, StoryId
from watcher.store import schema
from watcher.store.dialect import Instant, values_of

_sketches, _fingerprints = schema.sketches.c, schema.fingerprints.c
_SHARED = (
    select(_fingerprints.document, func.count().label("shared"))
    .where(_fingerprints.fingerprint.in_(values_of("fingerprints")))
    .group_by(_fingerprints.document)
)
_OVERLAPPING = (
    select(
        schema.documents.c.number,
        schema.documents.c.story,
        schema.documents.c.date,
        schema.documents.c.published_at,
        _sketches.size,
    )
    .join(schema.sketches, _sketches.document == schema.documents.c.number)
    .where(
        schema.documents.c.number.in_(values_of("documents")),
        _sketches.recorded_at >= bindparam("since", type_=Instant),
    )
)


def find_overlaps(tx: Connection, fingerprints: Collection[int], *, since: datetime) -> list[Overlap]:
    """Finds the documents recorded since then that share some of the fingerprints."""
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
        for row in tx.execute(_OVERLAPPING, {"documents": json.dumps(list(shared)), "since": since})
    ]
