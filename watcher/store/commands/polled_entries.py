"""Writes the entries that a poll brings: new and changed ones, and the keys under which they are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import (
    Connection,
    and_,
    update,
)

from watcher.model import (
    ChangedEntry,
    EntryId,
    FeedId,
    NewEntry,
)
from watcher.store import schema
from watcher.store.codec import dump_entry
from watcher.store.sql import day_of, microseconds, upsert

_IDS_AT_ONCE = 500
_NEWEST = "SELECT max(id) FROM entries"
# Rows that come by the dozen go to SQLite as they are: SQLAlchemy takes three times as long over them as it does.
_NEW_ENTRIES = (
    "INSERT INTO entries (feed_id, due_at, seen_at, in_first_poll, id, turn, link, link_key, title, content_hash,"
    " state, attempts, times_ingested, changed, outcome, reason, final_url)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0, 0, 0, '', '', '')"
)
_NEW_WORDS = "INSERT INTO words (entry, words) VALUES (?, ?)"
_NEW_KEYS = "INSERT INTO known (key, entry_id, feed_id, seen_on) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"


def insert_entries(tx: Connection, feed_id: FeedId, entries: Sequence[NewEntry], *, first: bool, now: datetime) -> None:
    """New entries, pending, under the ids that SQLite would give them: nobody else can write meanwhile."""
    if not entries:
        return
    first_id = (tx.exec_driver_sql(_NEWEST).scalar() or 0) + 1
    numbered = list(enumerate(entries, start=first_id))
    moment = microseconds(now)
    common = (feed_id, moment, moment, first)
    tx.exec_driver_sql(
        _NEW_ENTRIES,
        [
            (*common, number, number - first_id, new.entry.link, new.keys.link, new.entry.title, new.content_hash)
            for number, new in numbered
        ],
    )
    tx.exec_driver_sql(_NEW_WORDS, [(number, dump_entry(new.entry)) for number, new in numbered])
    remember(tx, [(key, EntryId(number)) for number, new in numbered for key in new.keys.all], feed_id, now=now)


def reopen_entry(tx: Connection, changed: ChangedEntry, *, now: datetime) -> None:
    """A known entry that reads otherwise now, pending again."""
    entries = schema.entries.c
    values = {"link": changed.entry.link, "title": changed.entry.title, "content_hash": changed.content_hash}
    pending = {"state": "pending", "due_at": now, "attempts": 0, "in_first_poll": False}
    this = update(schema.entries).where(entries.id == changed.entry_id)
    if not tx.execute(this.where(entries.state != "claimed").values(**values, **pending)).rowcount:
        tx.execute(this.values(**values, changed=True))  # ingested again when its present ingestion has ended
    payload = dump_entry(changed.entry)
    words = upsert(schema.words).values(entry=changed.entry_id, words=payload)
    tx.execute(words.on_conflict_do_update(index_elements=["entry"], set_={"words": payload}))


def remember(tx: Connection, named: Sequence[tuple[int, EntryId]], feed_id: FeedId, *, now: datetime) -> None:
    """Keys, each with the entry that it names; those that name one already are left."""
    day = day_of(now)
    if named:
        tx.exec_driver_sql(_NEW_KEYS, [(key, entry_id, feed_id, day) for key, entry_id in named])


def mark_seen(tx: Connection, keys: Sequence[int], *, now: datetime) -> None:
    """Notes the day for retention; at most one write a week and key."""
    known = schema.known.c
    for some in chunks(list(keys)):
        stale = and_(known.key.in_(some), known.seen_on < day_of(now) - 7)
        tx.execute(update(schema.known).where(stale).values(seen_on=day_of(now)))


def chunks(keys: list[int]) -> Iterable[list[int]]:
    """As many as one statement may ask for."""
    return (keys[start : start + _IDS_AT_ONCE] for start in range(0, len(keys), _IDS_AT_ONCE))
