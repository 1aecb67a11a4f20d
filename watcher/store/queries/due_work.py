"""Says which work is due. On PostgreSQL only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from watcher.store import raw_cluster_sql as sql
from watcher.store.dialect import microseconds


def due_shards(tx: Connection, shards: Sequence[int], *, revisits: bool, now: datetime) -> frozenset[int]:
    """Returns those of `shards` with feeds, entries or (`revisits`) pages of documents that are due and not claimed."""
    asked = {"shards": list(shards), "now": microseconds(now), "revisits": revisits}
    return frozenset(tx.execute(sql.DUE_SHARDS, asked).scalars())


def due_channels(tx: Connection, *, now: datetime) -> frozenset[str]:
    """Returns the channels with deliveries that are due, or whose window may be over."""
    return frozenset(tx.execute(sql.DUE_CHANNELS, {"now": microseconds(now)}).scalars())


def is_a_file_missing(tx: Connection) -> bool:
    """Whether a document's file is not written yet."""
    return bool(tx.execute(sql.IS_A_FILE_MISSING).scalar_one())
