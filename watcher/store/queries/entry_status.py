"""Entries as `explain` shows them, and counts of those that wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, text

from watcher.model import Entry, EntryId, FeedId
from watcher.store import schema
from watcher.store.codec import load_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryStatus:
    """An entry as `explain` shows it. `feed_language`: the one that its feed declares, "" if none."""

    id: EntryId
    feed_id: FeedId
    feed: str
    feed_language: str
    entry: Entry
    state: str
    outcome: str
    reason: str
    status: int | None
    final_url: str
    attempts: int
    seen_at: datetime
    ended_at: datetime | None
    due_at: datetime
    document: int | None


def find(tx: Connection, *, links: tuple[str, ...], link_key: int | None) -> list[EntryStatus]:
    """Finds the entries with one of these links or this link key, newest first."""
    entries = schema.entries.c
    same = entries.link.in_(links) | entries.final_url.in_(links)
    if link_key is not None:
        same = (entries.link_key == link_key) | same
    return [_status(row) for row in tx.execute(_statuses().where(same).order_by(entries.id.desc()).limit(20))]


def count_open(tx: Connection) -> int:
    """Counts the entries that have not ended."""
    states = (text("entries.state = 'pending'"), text("entries.state = 'claimed'"))  # literal: two partial indexes
    counts = [select(func.count()).select_from(schema.entries).where(state) for state in states]
    return sum(tx.execute(count).scalar_one() for count in counts)


def next_due_at(tx: Connection) -> datetime | None:
    """The moment at which the next pending entry is due, None if none is pending."""
    entries = schema.entries.c
    soonest = select(entries.due_at).where(entries.state == "pending").order_by(entries.due_at).limit(1)
    return tx.execute(soonest).scalar()


def _statuses() -> Select[Any]:
    entries = schema.entries.c
    return (
        select(
            schema.entries,
            schema.entry_payloads.c.words,
            schema.feeds.c.name,
            func.coalesce(schema.feed_languages.c.language, "").label("feed_language"),
        )
        .join(schema.feeds, schema.feeds.c.id == entries.feed_id)
        .outerjoin(schema.feed_languages, schema.feed_languages.c.feed_id == entries.feed_id)
        .outerjoin(schema.entry_payloads, schema.entry_payloads.c.entry == entries.id)
    )


def _status(row: Row[Any]) -> EntryStatus:
    return EntryStatus(
        id=row.id,
        feed_id=row.feed_id,
        feed=row.name,
        feed_language=row.feed_language,
        entry=load_entry(row.words, link=row.link, title=row.title),
        state=row.state,
        outcome=row.outcome,
        reason=row.reason,
        status=row.status,
        final_url=row.final_url,
        attempts=row.attempts,
        seen_at=row.seen_at,
        ended_at=row.ended_at,
        due_at=row.due_at,
        document=row.document,
    )
