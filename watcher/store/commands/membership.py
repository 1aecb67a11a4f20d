"""Renews a worker's lease and returns what it must know of the others, in one transaction. On PostgreSQL only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from watcher.store import raw_cluster_sql as sql
from watcher.store.commands import workers
from watcher.store.queries.workers import LivingWorker, living


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCounts:
    """The number of jobs by queue, and the queues in which some of them wait to be taken."""

    of_queue: Mapping[str, int]
    waiting: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The others that are alive, the jobs, and the hosts that several workers ask."""

    others: tuple[LivingWorker, ...]
    own: LivingWorker
    jobs: JobCounts
    shared_hosts: frozenset[str]


def renew_and_look(
    tx: Connection,
    worker: str,
    *,
    engine: int,
    lease: timedelta,
    paused: bool,
    aware: bool,
    tally: Mapping[str, object],
) -> Surroundings | None:
    """Renews a lease. None, with nothing changed, if it had ended. `aware`: the answer of the last time came.

    `tally`: what the worker did since it registered.
    """
    if not workers.renew(tx, worker, engine=engine, lease=lease, paused=paused, aware=aware, tally=tally):
        return None
    alive = living(tx)
    return Surroundings(
        others=tuple(each for each in alive if each.id != worker),
        own=next(each for each in alive if each.id == worker),
        jobs=count_jobs(tx),
        shared_hosts=frozenset(tx.execute(sql.SHARED_HOSTS).scalars()),
    )


def count_jobs(tx: Connection) -> JobCounts:
    """Counts the jobs that wait or run."""
    rows = tx.execute(sql.COUNT_JOBS).all()
    return JobCounts(
        of_queue={row.queue_name: row.jobs for row in rows},
        waiting=frozenset(row.queue_name for row in rows if row.waiting),
    )
