"""Lists the workers that share a state. On PostgreSQL only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from watcher.store import raw_cluster_sql as sql
from watcher.store.dialect import is_postgresql


@dataclass(frozen=True, slots=True, kw_only=True)
class LivingWorker:
    """A worker whose lease has not ended. `config`: part of its config -> its hash; `config_at`: since when.

    `paused`: it does not work, because its config is older than that of another worker.
    """

    id: str
    host: str
    pid: int
    roles: frozenset[str]
    shards: str
    config: Mapping[str, str]
    config_at: datetime
    paused: bool

    @property
    def fetched_shards(self) -> range:
        """The shards whose hosts it asks."""
        first, _, last = self.shards.partition("-")
        return range(int(first), int(last) + 1) if "fetch" in self.roles else range(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """A worker as people see it. `alive`: its lease has not ended; `holds`: what it works on, such as `fetch 5`.

    `tally`: counts of what it did since it registered, as `runtime.resources.Tally` has them.
    """

    id: str
    host: str
    pid: int
    roles: str
    shards: str
    version: str
    alive: bool
    paused: bool
    started_at: datetime
    renewed_at: datetime
    holds: tuple[str, ...]
    tally: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unattended:
    """What working workers leave: the `shards` that none of them takes, with their feeds and the entries that wait.

    `roles`: those that working workers have; `paused`: the living workers that do not work.
    """

    shards: tuple[int, ...]
    feeds: int
    entries: int
    roles: frozenset[str]
    paused: tuple[LivingWorker, ...]


def living(tx: Connection) -> tuple[LivingWorker, ...]:
    """Returns the workers that are alive."""
    return tuple(
        LivingWorker(
            id=row.id,
            host=row.host,
            pid=row.pid,
            roles=frozenset(row.roles.split(",")),
            shards=row.shards,
            config=row.config,
            config_at=row.config_at,
            paused=row.paused,
        )
        for row in tx.execute(sql.LIVING)
    )


def list_workers(tx: Connection) -> tuple[WorkerStatus, ...]:
    """Returns all workers of the last hour, those that started first first; none on SQLite."""
    if not is_postgresql(tx):
        return ()
    return tuple(
        WorkerStatus(
            id=row.id,
            host=row.host,
            pid=row.pid,
            roles=row.roles,
            shards=row.shards,
            version=row.version,
            alive=row.alive,
            paused=row.paused,
            started_at=row.started_at,
            renewed_at=row.renewed_at,
            holds=tuple(row.holds),
            tally=row.tally,
        )
        for row in tx.execute(sql.WORKERS)
    )


def unattended(tx: Connection, *, shards: int) -> Unattended:
    """Compares the living workers that are not paused with all `shards`, which are counted from 0."""
    alive = living(tx)
    working = [worker for worker in alive if not worker.paused]
    left = set(range(shards)).difference(*(worker.fetched_shards for worker in working))
    found = tx.execute(sql.WORK_OF_SHARDS, {"shards": sorted(left)}).one()
    return Unattended(
        shards=tuple(sorted(left)),
        feeds=found.feeds,
        entries=found.entries,
        roles=frozenset(role for worker in working for role in worker.roles),
        paused=tuple(worker for worker in alive if worker.paused),
    )
