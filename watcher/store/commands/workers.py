"""Registers workers, renews their leases, and says which others are alive. On PostgreSQL only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from watcher.store import raw_cluster_sql as sql
from watcher.store.commands import holds, shards
from watcher.store.dialect import shard_count
from watcher.store.queries.workers import LivingWorker, living


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorker:
    """A worker that registers. `config`: part of the config -> its hash; `engine`: its number in procrastinate."""

    id: str
    host: str
    pid: int
    roles: str
    shards: str
    version: str
    config: Mapping[str, str]
    engine: int


def register(tx: Connection, worker: NewWorker, *, lease: timedelta) -> tuple[LivingWorker, ...]:
    """Adds a worker, unless a living one has another config. Returns the others that are alive.

    Registrations are made one after the other.
    """
    tx.execute(sql.LOCK_WORKERS)
    others = living(tx)
    if not others:
        shards.settle_count(tx, shard_count(tx))
    if any(dict(other.config) != dict(worker.config) for other in others):
        return others
    row = {
        "id": worker.id,
        "host": worker.host,
        "pid": worker.pid,
        "roles": worker.roles,
        "shards": worker.shards,
        "version": worker.version,
        "config": json.dumps(dict(worker.config)),
        "engine": worker.engine,
        "lease": lease,
    }
    tx.execute(sql.ADD_WORKER, row)
    return others


def renew(
    tx: Connection,
    worker: str,
    *,
    engine: int,
    lease: timedelta,
    paused: bool,
    aware: bool,
    tally: Mapping[str, object],
) -> bool:
    """Renews a worker's lease, also for the engine, and records its counts. False, with no change, if it ended."""
    row = {"id": worker, "lease": lease, "paused": paused, "aware": aware, "tally": json.dumps(dict(tally))}
    return tx.execute(sql.RENEW_WORKER, row | {"engine": engine}).first() is not None


def reconfigure(tx: Connection, worker: str, config: Mapping[str, str]) -> None:
    """Records the config that a worker has now."""
    tx.execute(sql.LOCK_WORKERS)
    tx.execute(sql.RECONFIGURE, {"id": worker, "config": json.dumps(dict(config))})


def end(tx: Connection, worker: str, *, now: datetime) -> None:
    """Removes a worker that ends or has lost its lease, with all its holds; the claims under these are void."""
    for name in tx.execute(sql.FREE_HOLDS_OF, {"id": worker}).scalars().all():
        holds.void_claims(tx, name, now=now)
    tx.execute(sql.END_WORKER, {"id": worker})


def forget(tx: Connection) -> None:
    """Removes the rows of workers that ended without a word an hour ago."""
    tx.execute(sql.FORGET_WORKERS)
    tx.execute(sql.FORGET_SHARED_HOSTS)
