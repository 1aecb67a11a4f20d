"""Adds near misses to the digests of channels: each once, in the first digest after it was first seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, select

from watcher.model import AlertKind
from watcher.store import schema
from watcher.store.commands.outbox.enqueue import hold, open_digest
from watcher.store.dialect import upsert

_links = schema.delivery_near_misses.c
_LINK = upsert(schema.delivery_near_misses).on_conflict_do_nothing()
_COPY = (
    upsert(schema.delivery_near_misses)
    .from_select(
        ["delivery", "near_miss"],
        select(bindparam("target", type_=Integer), _links.near_miss).where(_links.delivery == bindparam("source")),
    )
    .on_conflict_do_nothing()
)


def add_to_digests(tx: Connection, near_miss: int, release_at: Mapping[str, datetime], *, now: datetime) -> None:
    """Adds a near miss to the held digest of each channel, and holds a digest for a channel that has none.

    `release_at`: channel -> the moment of its next digest.
    """
    for channel, moment in release_at.items():
        digest = open_digest(tx, channel, release_at=moment, now=now)
        digest = digest or hold(tx, channel, AlertKind.DIGEST, release_at=moment, now=now)
        tx.execute(_LINK, {"delivery": digest, "near_miss": near_miss})


def copy_near_misses(tx: Connection, source: int, target: int) -> None:
    """Adds the near misses of one delivery to another."""
    tx.execute(_COPY, {"source": source, "target": target})
