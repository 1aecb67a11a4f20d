"""The state in a few numbers: what the status line, the metrics and `healthcheck` show. Cheap."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select

from watcher.store import documents, entries, incidents, outbox, outbox_list, schema


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


# One walk through all feeds.
_FEEDS = select(
    func.count().label("active"),
    func.count(schema.feeds.c.failing_since).label("failing"),
    func.count()
    .filter(schema.feeds.c.failing_since <= bindparam("hour_ago", type_=schema.Instant))
    .label("failing_long"),
    func.max(schema.feeds.c.last_polled_at).label("last_poll_at"),
    func.min(schema.feeds.c.next_poll_at).label("next_poll_at"),
).where(schema.feeds.c.active)


def read_health(tx: Connection, channels: Collection[str], *, now: datetime) -> Health:
    """How things are now. `channels`: those of the config."""
    rows = schema.documents.c
    due_at = entries.next_due_at(tx)
    waiting = outbox_list.count_open(tx)
    feeds = tx.execute(_FEEDS, {"hour_ago": now - timedelta(hours=1)}).one()
    return Health(
        feeds=feeds.active,
        feeds_failing=feeds.failing,
        feeds_failing_long=feeds.failing_long,
        last_poll_at=feeds.last_poll_at,
        next_poll_at=feeds.next_poll_at,
        entries_open=entries.count_open(tx),
        oldest_due=max(now - due_at, timedelta()) if due_at else timedelta(),
        deliveries_open=waiting,
        parked=outbox.parked(tx),
        orphaned=frozenset(waiting) - frozenset(channels),
        documents=documents.highest_number(tx) + 1,
        documents_unwritten=tx.execute(select(func.count(rows.number)).where(rows.written_at.is_(None))).scalar_one(),
        troubles=incidents.known(tx),
    )
