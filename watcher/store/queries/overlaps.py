"""Finds recent documents that share fingerprints with a new one. No policy: the caller decides what a story is."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import (
    Connection,
    bindparam,
    func,
    select,
)

from watcher.model import (
    Overlap,
    PartialDate,
    StoryId,
)
from watcher.store import schema
from watcher.store.sql import Instant, values_of

_SKETCHES, _FINGERPRINTS = schema.sketches.c, schema.fingerprints.c
_SHARED = (
    select(_FINGERPRINTS.document, func.count().label("shared"))
    .where(_FINGERPRINTS.fingerprint.in_(values_of("fingerprints")))
    .group_by(_FINGERPRINTS.document)
)
_OVERLAPS = (
    select(
        schema.documents.c.number,
        schema.documents.c.story,
        schema.documents.c.date,
        schema.documents.c.published_at,
        _SKETCHES.size,
    )
    .join(schema.sketches, _SKETCHES.document == schema.documents.c.number)
    .where(
        schema.documents.c.number.in_(values_of("documents")),
        _SKETCHES.recorded_at >= bindparam("since", type_=Instant),
    )
)


def find(tx: Connection, fingerprints: Collection[int], *, since: datetime) -> list[Overlap]:
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
        for row in tx.execute(_OVERLAPS, {"documents": json.dumps(list(shared)), "since": since})
    ]
