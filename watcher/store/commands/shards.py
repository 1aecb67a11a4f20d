"""Assigns feeds, entries and revisits to shards that have none yet. On PostgreSQL only."""

from __future__ import annotations

from sqlalchemy import Connection

from watcher.store import raw_cluster_sql as sql
from watcher.text.registrable import shard_of

_ASSIGNMENTS = (
    (sql.FEEDS_WITHOUT_SHARD, sql.SET_FEED_SHARD),
    (sql.ENTRIES_WITHOUT_SHARD, sql.SET_ENTRY_SHARD),
    (sql.REVISITS_WITHOUT_SHARD, sql.SET_REVISIT_SHARD),
)


def assign(tx: Connection, shards: int, *, limit: int) -> int:
    """Assigns at most `limit` rows of each kind, by the host of their address. Returns how many it were."""
    count = 0
    for find, put in _ASSIGNMENTS:
        found = tx.execute(find, {"most": limit}).all()
        if found:
            tx.execute(put, [{"id": row.id, "shard": shard_of(row.url, shards)} for row in found])
        count += len(found)
    return count


def settle_count(tx: Connection, shards: int) -> None:
    """Notes the number of shards; if it is another one than before, all assignments are forgotten.

    Entries that have ended keep theirs, which the database forgets when one is reopened. No other worker may be alive.
    """
    if tx.execute(sql.SHARD_COUNT).scalar() != shards:
        for statement in sql.FORGET_SHARDS:
            tx.execute(statement)
        tx.execute(sql.NOTE_SHARD_COUNT, {"shards": shards})
