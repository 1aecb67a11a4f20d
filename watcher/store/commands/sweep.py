"""Frees the holds of dead workers, and defers a job for all due work that has none. On PostgreSQL only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from watcher.store import raw_cluster_sql as sql
from watcher.store.commands import holds, jobs, workers
from watcher.store.commands.shards import assign
from watcher.store.queries import due_work

_SWEEPING = 0x7774636B  # the key of the advisory lock


def sweep(tx: Connection, *, shards: int, channels: Collection[str], revisits: bool, limit: int, now: datetime) -> bool:
    """Assigns up to `limit` rows of each kind to shards, and defers what is due. False if another worker does that.

    `channels`: those to which is sent. `revisits`: whether pages of documents are read again.
    """
    if not tx.execute(sql.TRY_SWEEP, {"key": _SWEEPING}).scalar_one():
        return False
    holds.free_abandoned(tx, now=now)
    assign(tx, shards, limit=limit)
    workers.forget(tx)
    named = jobs.names(tx)
    idle = [shard for shard in range(shards) if holds.shard_hold(shard) not in named]
    for shard in sorted(due_work.due_shards(tx, idle, revisits=revisits, now=now)):
        jobs.defer_fetch(tx, shard)
    for channel in sorted(due_work.due_channels(tx, now=now) & set(channels)):
        jobs.defer_delivery(tx, channel)
    if due_work.is_a_file_missing(tx):
        jobs.defer_archive(tx)
    return True
