"""The state in a few numbers, for the status line, the metrics and `healthcheck`. Cheap."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select

from watcher.store import schema
from watcher.store.dialect import Instant
from watcher.store.queries import outbox_status
from watcher.store.queries.entry_status import count_open, next_due_at
from watcher.store.queries.stored_documents import highest_number
from watcher.store.queries.workers import WorkerStatus, list_workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state in numbers. `feeds_failing_long`: for an hour at least. `oldest_due`: the longest delay of an entry.

    `parked`: channel -> the reason. `orphaned`: channels with open deliveries that the config does not have.
    `incidents`: name -> message of each incident that has not ended. `workers`: those of the last hour that
    share the state.
    """

    feeds: int
    feeds_failing: int
    feeds_failing_long: int
    last_poll_at: datetime | None
    next_poll_at: datetime | None
    entries_open: int
    oldest_due: timedelta
    deliveries_open: Mapping[str, int]
    parked: Mapping[str, str]
    orphaned: frozenset[str]
    documents: int
    documents_unwritten: int
    incidents: Mapping[str, str]
    workers: tuple[WorkerStatus, ...] = ()


_FEEDS = select(
    func.count().label("active"),
    func.count(schema.feeds.c.failing_since).label("failing"),
    func.count().filter(schema.feeds.c.failing_since <= bindparam("hour_ago", type_=Instant)).label("failing_long"),
    func.max(schema.feeds.c.last_polled_at).label("last_poll_at"),
    func.min(schema.feeds.c.next_poll_at).label("next_poll_at"),
).where(schema.feeds.c.active)


def read_health(tx: Connection, channels: Collection[str], *, now: datetime) -> Health:
    """Reads the present state. `channels`: those of the config."""
    rows = schema.documents.c
    due_at = next_due_at(tx)
    waiting = outbox_status.count_open(tx)
    feeds = tx.execute(_FEEDS, {"hour_ago": now - timedelta(hours=1)}).one()
    return Health(
        feeds=feeds.active,
        feeds_failing=feeds.failing,
        feeds_failing_long=feeds.failing_long,
        last_poll_at=feeds.last_poll_at,
        next_poll_at=feeds.next_poll_at,
        entries_open=count_open(tx),
        oldest_due=max(now - due_at, timedelta()) if due_at else timedelta(),
        deliveries_open=waiting,
        parked=outbox_status.parked(tx),
        orphaned=frozenset(waiting) - frozenset(channels),
        documents=highest_number(tx) + 1,
        documents_unwritten=tx.execute(select(func.count(rows.number)).where(rows.written_at.is_(None))).scalar_one(),
        incidents=open_incidents(tx),
        workers=list_workers(tx),
    )


def open_incidents(tx: Connection) -> dict[str, str]:
    """The incidents that have not ended: name -> message."""
    return {row.name: row.message for row in tx.execute(select(schema.incidents))}
