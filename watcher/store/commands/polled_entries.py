"""Writes the entries that a poll brings: new and changed ones, and the keys under which they are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, text, update

from watcher.model import ChangedEntry, EntryId, FeedId, NewEntry
from watcher.store import raw_sql, schema
from watcher.store.codec import dump_entry
from watcher.store.commands import coverage
from watcher.store.commands.jobs import wake_shards
from watcher.store.dialect import day_of, microseconds, shard_count, upsert, values_of
from watcher.text.registrable import shard_of

_MARKED_EVERY = 7  # days

_entries, _keys = schema.entries.c, schema.seen_keys.c
_REPLACE_PAYLOAD = upsert(schema.entry_payloads)
_REPLACE_PAYLOAD = _REPLACE_PAYLOAD.on_conflict_do_update(
    index_elements=["entry"], set_={"words": _REPLACE_PAYLOAD.excluded.words}
)
_MARK_SEEN = (
    update(schema.seen_keys)
    .where(_keys.key.in_(values_of("keys")), _keys.seen_on < bindparam("stale", type_=Integer))
    .values(seen_on=bindparam("today", type_=Integer))
)
_NOT_FOR_BACKFILL_ONLY = (
    update(schema.backfill_entries)
    .where(schema.backfill_entries.c.entry == bindparam("of"), text("backfill_entries.outcome = ''"))
    .values(reopened=False)
)


def insert_entries(
    tx: Connection, feed_id: FeedId, entries: Sequence[NewEntry], *, in_first_poll: bool, day: int, now: datetime
) -> None:
    """Inserts new entries, pending, with their payloads and keys. The database assigns their ids.

    `day`: the day for which they count.
    """
    if not entries:
        return
    moment = microseconds(now)
    common = (feed_id, moment, moment, in_first_poll)
    rows = [
        (*common, turn, new.entry.link, new.keys.link, new.entry.title, new.content_hash, False)
        for turn, new in enumerate(entries)
    ]
    shards = shard_count(tx)
    if shards:
        own = [shard_of(new.entry.link, shards) for new in entries]
        ids = raw_sql.INSERT_ENTRY_OF_SHARD.insert(tx, "entries", [(*row, n) for row, n in zip(rows, own, strict=True)])
        wake_shards(tx, own)
    else:
        ids = raw_sql.INSERT_ENTRY.insert(tx, "entries", rows)
    inserted = [(EntryId(entry_id), new) for entry_id, new in zip(ids, entries, strict=True)]
    raw_sql.INSERT_PAYLOAD.execute(tx, [(entry_id, dump_entry(new.entry)) for entry_id, new in inserted])
    remember(tx, [(key, entry_id) for entry_id, new in inserted for key in new.keys.all], feed_id, now=now)
    coverage.await_entries(tx, [entry_id for entry_id, _ in inserted], day=day)


def reopen_entry(tx: Connection, changed: ChangedEntry, *, now: datetime) -> None:
    """Makes a known entry pending again with its changed content."""
    values = {"link": changed.entry.link, "title": changed.entry.title, "content_hash": changed.content_hash}
    pending = {"state": "pending", "due_at": now + changed.wait, "attempts": 0, "in_first_poll": False}
    if tx.execute(_NOT_FOR_BACKFILL_ONLY, {"of": changed.entry_id}).rowcount:
        pending["due_at"] = now  # somebody waits for it
    this = update(schema.entries).where(_entries.id == changed.entry_id)
    if not tx.execute(this.where(_entries.state != "claimed").values(**values, **pending)).rowcount:
        tx.execute(this.values(**values, changed=True))  # ingested again when its present ingestion has ended
    tx.execute(_REPLACE_PAYLOAD, {"entry": changed.entry_id, "words": dump_entry(changed.entry)})


def remember(tx: Connection, keys: Sequence[tuple[int, EntryId]], feed_id: FeedId, *, now: datetime) -> None:
    """Stores keys, each with the entry that it names. A key that names an entry already is left alone."""
    day = day_of(now)
    if keys:
        raw_sql.INSERT_KEY.execute(tx, [(key, entry_id, feed_id, day) for key, entry_id in keys])


def mark_seen(tx: Connection, keys: Sequence[int], *, now: datetime) -> None:
    """Notes today's date on the keys for retention; each key is written at most once a week."""
    if keys:
        today = day_of(now)
        tx.execute(_MARK_SEEN, {"keys": json.dumps(list(keys)), "today": today, "stale": today - _MARKED_EVERY})
