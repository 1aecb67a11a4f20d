"""The state in a few numbers: what the status line, the metrics and `healthcheck` show. Cheap."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, select

from watcher.store import documents, entries, outbox, outbox_list, schema, troubles


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`feeds_failing_long`: for an hour at least. `oldest_due`: how long the entry that waits longest is overdue.

    `parked`: channel -> why; `orphaned`: channels that something waits for and that the config does not have;
    `troubles`: what the operator was told and what is not over.
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
    troubles: Mapping[str, str]


def read_health(tx: Connection, channels: Collection[str], *, now: datetime) -> Health:
    """How things are now. `channels`: those of the config."""
    feeds, rows = schema.feeds.c, schema.documents.c
    failing = and_(feeds.active, feeds.failing_since.is_not(None))
    long = and_(failing, feeds.failing_since <= now - timedelta(hours=1))
    due_at = entries.next_due_at(tx)
    waiting = outbox_list.count_open(tx)
    last, upcoming = tx.execute(
        select(func.max(feeds.last_polled_at), func.min(feeds.next_poll_at)).where(feeds.active)
    ).one()
    return Health(
        feeds=_count(tx, feeds.id, feeds.active),
        feeds_failing=_count(tx, feeds.id, failing),
        feeds_failing_long=_count(tx, feeds.id, long),
        last_poll_at=last,
        next_poll_at=upcoming,
        entries_open=entries.count_open(tx),
        oldest_due=max(now - due_at, timedelta()) if due_at else timedelta(),
        deliveries_open=waiting,
        parked=outbox.parked(tx),
        orphaned=frozenset(waiting) - frozenset(channels),
        documents=documents.highest_number(tx) + 1,
        documents_unwritten=_count(tx, rows.number, rows.written_at.is_(None)),
        troubles=troubles.known(tx),
    )


def _count(tx: Connection, column: object, condition: object) -> int:
    return int(tx.execute(select(func.count(column)).where(condition)).scalar_one())  # type: ignore[arg-type]  # columns
