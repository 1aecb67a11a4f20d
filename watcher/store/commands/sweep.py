"""Frees the holds of dead workers, and defers a job for all due work that has none. On PostgreSQL only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from watcher.store import raw_cluster_sql as sql
from watcher.store.commands import holds, jobs, workers
from watcher.store.commands.shards import assign
from watcher.store.dialect import microseconds

_SWEEPING = 0x7774636B  # the key of the advisory lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """The result of a sweep. `stalled`: whether the engine has workers, or jobs, that have not been heard of."""

    stalled: bool


def sweep(
    tx: Connection,
    *,
    shards: int,
    channels: Collection[str],
    revisits: bool,
    lease: timedelta,
    limit: int,
    now: datetime,
) -> Swept | None:
    """Assigns up to `limit` rows of each kind to shards, and defers what is due. None if another worker does that.

    `channels`: those to which is sent. `revisits`: whether pages of documents are read again. `lease`: after which a
    worker of the engine counts as stalled.
    """
    asked = {"count": shards, "revisits": revisits, "now": microseconds(now)}
    found = tx.execute(sql.LOOK_AROUND, {"key": _SWEEPING, "lease": lease, **asked}).one()
    if not found.is_alone:
        return None
    idle = found.shards
    if found.abandoned or found.unassigned:
        holds.free_abandoned(tx, now=now)
        assign(tx, shards, limit=limit)
        idle = tx.execute(sql.IDLE_SHARDS, asked).scalars()
    if found.outdated:
        workers.forget(tx)
    for shard in idle:
        jobs.defer_fetch(tx, shard)
    for channel in found.channels:
        if channel in channels:
            jobs.defer_delivery(tx, channel)
    if found.archive:
        jobs.defer_archive(tx)
    return Swept(stalled=found.stalled)
