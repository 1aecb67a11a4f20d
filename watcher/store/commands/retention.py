"""Deletes rows that have expired, in small batches. The caller decides for how long rows are kept.

Documents, their matches and the record of notified stories are never deleted. The newest row of a table stays, because
SQLite would give its id to the next row.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Table, and_, case, delete, exists, func, literal, select, update

from watcher.store import schema
from watcher.store.dialect import day_of


def drop_entry_payloads(tx: Connection, *, before: datetime, limit: int) -> int:
    """Deletes payloads of entries that ended before then, among the oldest `limit`. Returns their number."""
    entries, payloads = schema.entries.c, schema.entry_payloads.c
    oldest = select(payloads.entry).order_by(payloads.entry).limit(limit)
    ended = select(entries.id).where(entries.id.in_(oldest), entries.state == "done", entries.ended_at < before)
    return tx.execute(delete(schema.entry_payloads).where(payloads.entry.in_(ended))).rowcount


def drop_entries(tx: Connection, *, before: datetime, limit: int) -> int:
    """Deletes entries that ended before then; their keys stay known. Returns their number."""
    entries = schema.entries.c
    ended = and_(entries.state == "done", entries.ended_at < before, entries.id < _newest(schema.entries, "id"))
    some = tx.execute(select(entries.id).where(ended).order_by(entries.ended_at).limit(limit)).scalars().all()
    parts = (schema.entry_payloads, schema.entry_dates, schema.near_miss_entries, schema.unread_entries)
    for column in (table.c.entry for table in parts):
        tx.execute(delete(column.table).where(column.in_(some)))
    return tx.execute(delete(schema.entries).where(entries.id.in_(some))).rowcount


def drop_near_misses(tx: Connection, *, before: datetime, limit: int) -> int:
    """Deletes near misses that no page has shown since then, unless a digest has them. Returns their number."""
    rows, links = schema.near_misses.c, schema.near_miss_entries.c
    in_digest = exists().where(schema.delivery_near_misses.c.near_miss == rows.key)
    expired = select(rows.key).where(rows.last_seen_at < before, ~in_digest).limit(limit)
    some = tx.execute(expired).scalars().all()
    tx.execute(delete(schema.near_miss_entries).where(links.near_miss.in_(some)))
    return tx.execute(delete(schema.near_misses).where(rows.key.in_(some))).rowcount


def drop_pages(tx: Connection, *, before: datetime, limit: int) -> int:
    """Deletes kept pages that were fetched before then; their documents stay. Returns their number."""
    rows = schema.document_pages.c
    expired = select(rows.document).where(rows.fetched_at < before).order_by(rows.fetched_at).limit(limit)
    return tx.execute(delete(schema.document_pages).where(rows.document.in_(expired))).rowcount


def drop_seen_keys(tx: Connection, *, after: int | None, days: int, now: datetime, limit: int) -> int | None:
    """Examines the next `limit` keys, and deletes those that their feed has not listed for `days`.

    The days are counted up to the feed's last body that was read: a feed that is unreachable or unchanged loses none.
    `after`: the last key of the previous call. Returns the last key of this one, None at the end.
    """
    keys, feeds = schema.seen_keys.c, schema.feeds.c
    some = select(keys.key).order_by(keys.key).limit(limit)
    examined = tx.execute(some if after is None else some.where(keys.key > after)).scalars().all()
    if not examined:
        return None
    today = day_of(now)
    listed_on = select(case((feeds.active, func.coalesce(feeds.listed_on, 0)), else_=literal(today)))
    last_listing = func.coalesce(listed_on.where(feeds.id == keys.feed_id).scalar_subquery(), today)
    stale = and_(keys.seen_on < today - days, keys.seen_on < last_listing - days)
    tx.execute(delete(schema.seen_keys).where(keys.key >= examined[0], keys.key <= examined[-1], stale))
    return examined[-1] if len(examined) == limit else None


def drop_delivery_payloads(tx: Connection, *, before: datetime, limit: int) -> int:
    """Clears the rendered bytes of deliveries that ended before then. Returns their number."""
    rows = schema.deliveries.c
    some = select(rows.sequence).where(rows.ended_at < before, rows.payload.is_not(None)).limit(limit)
    return tx.execute(update(schema.deliveries).where(rows.sequence.in_(some)).values(payload=None)).rowcount


def drop_deliveries(tx: Connection, *, before: datetime, limit: int) -> int:
    """Deletes deliveries that ended before then, with their attempts. Returns their number."""
    rows = schema.deliveries.c
    ended = and_(rows.ended_at < before, rows.sequence < _newest(schema.deliveries, "sequence"))
    some = tx.execute(select(rows.sequence).where(ended).order_by(rows.ended_at).limit(limit)).scalars().all()
    for table in (
        schema.attempts,
        schema.delivery_documents,
        schema.delivery_near_misses,
        schema.delivery_revisions,
    ):
        tx.execute(delete(table).where(table.c.delivery.in_(some)))
    return tx.execute(delete(schema.deliveries).where(rows.sequence.in_(some))).rowcount


def drop_attempts(tx: Connection, *, before: datetime, limit: int) -> int:
    """Deletes attempts made before then, also those at open deliveries. Returns their number."""
    rows = schema.attempts.c
    oldest = select(rows.id).order_by(rows.id).limit(limit)
    return tx.execute(delete(schema.attempts).where(rows.id.in_(oldest), rows.at < before)).rowcount


def _newest(table: Table, key: str) -> object:
    return select(func.max(table.c[key])).scalar_subquery()
