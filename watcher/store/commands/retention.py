"""Deletes rows that have expired, in small batches. How long things are kept is not decided here.

Documents, their matches and what was told are never cleared away. The newest row of a table stays, so that SQLite does
not give its number to another one.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Table, and_, case, delete, func, literal, select, update

from watcher.store import schema
from watcher.store.sql import day_of


def drop_words(tx: Connection, *, before: datetime, limit: int) -> int:
    """Deletes what the feeds said in entries that ended before then; looks at the oldest `limit`. Returns how many."""
    entries, words = schema.entries.c, schema.words.c
    oldest = select(words.entry).order_by(words.entry).limit(limit)
    ended = select(entries.id).where(entries.id.in_(oldest), entries.state == "done", entries.ended_at < before)
    return tx.execute(delete(schema.words).where(words.entry.in_(ended))).rowcount


def drop_entries(tx: Connection, *, before: datetime, limit: int) -> int:
    """Deletes entries that ended before then; their keys stay known. Returns how many."""
    entries = schema.entries.c
    ended = and_(entries.state == "done", entries.ended_at < before, entries.id < _newest(schema.entries, "id"))
    some = tx.execute(select(entries.id).where(ended).order_by(entries.ended_at).limit(limit)).scalars().all()
    for column in (schema.words.c.entry, schema.near_miss_entries.c.entry):
        tx.execute(delete(column.table).where(column.in_(some)))
    return tx.execute(delete(schema.entries).where(entries.id.in_(some))).rowcount


def drop_near_misses(tx: Connection, *, before: datetime, limit: int) -> int:
    """Deletes near misses that no page has shown since then. Returns how many."""
    rows, links = schema.near_misses.c, schema.near_miss_entries.c
    some = tx.execute(select(rows.key).where(rows.last_seen_at < before).limit(limit)).scalars().all()
    tx.execute(delete(schema.near_miss_entries).where(links.near_miss.in_(some)))
    return tx.execute(delete(schema.near_misses).where(rows.key.in_(some))).rowcount


def drop_known(tx: Connection, *, after: int | None, days: int, now: datetime, limit: int) -> int | None:
    """Looks at the next `limit` keys, and deletes those that their feed has not listed for so many days.

    Those days count up to the last body of the feed that was read: a feed that is away, or that has not changed, loses
    none. `after`: where the last look ended; returns where this one did, None at the end.
    """
    known, feeds = schema.known.c, schema.feeds.c
    keys = select(known.key).order_by(known.key).limit(limit)
    seen = tx.execute(keys if after is None else keys.where(known.key > after)).scalars().all()
    if not seen:
        return None
    today = day_of(now)
    listed_on = select(case((feeds.active, func.coalesce(feeds.listed_on, 0)), else_=literal(today)))
    last_listing = func.coalesce(listed_on.where(feeds.id == known.feed_id).scalar_subquery(), today)
    stale = and_(known.seen_on < today - days, known.seen_on < last_listing - days)
    tx.execute(delete(schema.known).where(known.key >= seen[0], known.key <= seen[-1], stale))
    return seen[-1] if len(seen) == limit else None


def drop_payloads(tx: Connection, *, before: datetime, limit: int) -> int:
    """Clears the rendered bytes of deliveries that ended before then. Returns how many."""
    rows = schema.deliveries.c
    some = select(rows.sequence).where(rows.ended_at < before, rows.payload.is_not(None)).limit(limit)
    return tx.execute(update(schema.deliveries).where(rows.sequence.in_(some)).values(payload=None)).rowcount


def drop_deliveries(tx: Connection, *, before: datetime, limit: int) -> int:
    """Deletes deliveries that ended before then, with their attempts. Returns how many."""
    rows = schema.deliveries.c
    ended = and_(rows.ended_at < before, rows.sequence < _newest(schema.deliveries, "sequence"))
    some = tx.execute(select(rows.sequence).where(ended).order_by(rows.ended_at).limit(limit)).scalars().all()
    for table in (schema.attempts, schema.delivery_documents):
        tx.execute(delete(table).where(table.c.delivery.in_(some)))
    return tx.execute(delete(schema.deliveries).where(rows.sequence.in_(some))).rowcount


def drop_attempts(tx: Connection, *, before: datetime, limit: int) -> int:
    """Deletes attempts made before then, whatever became of their delivery. Returns how many."""
    rows = schema.attempts.c
    oldest = select(rows.id).order_by(rows.id).limit(limit)
    return tx.execute(delete(schema.attempts).where(rows.id.in_(oldest), rows.at < before)).rowcount


def _newest(table: Table, key: str) -> object:
    return select(func.max(table.c[key])).scalar_subquery()
