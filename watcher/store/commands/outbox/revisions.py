"""Holds deliveries that notify of a revision: one for each channel and version."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, select

from watcher.model import AlertKind
from watcher.store import schema
from watcher.store.commands.outbox.enqueue import hold, link
from watcher.store.dialect import upsert
from watcher.store.queries.stored_documents import StoredDocument

_links = schema.delivery_revisions.c
_LINK = upsert(schema.delivery_revisions).on_conflict_do_nothing()
_COPY = (
    upsert(schema.delivery_revisions)
    .from_select(
        ["delivery", "document", "version"],
        select(bindparam("target", type_=Integer), _links.document, _links.version).where(
            _links.delivery == bindparam("source")
        ),
    )
    .on_conflict_do_nothing()
)


def notify_of_revision(tx: Connection, channel: str, document: StoredDocument, version: int, *, now: datetime) -> None:
    """Holds a delivery of a document's new version for a channel, due now. To be called once for each version."""
    sequence = hold(tx, channel, AlertKind.REVISION, story=document.story, release_at=now, now=now)
    link(tx, sequence, document.number, [match.watch for match in document.matches])
    tx.execute(_LINK, {"delivery": sequence, "document": document.number, "version": version})


def copy_revisions(tx: Connection, source: int, target: int) -> None:
    """Adds the revisions of one delivery to another."""
    tx.execute(_COPY, {"source": source, "target": target})
