"""Finds the entries that the keys of a poll belong to."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from watcher.model import FeedId, KnownEntry
from watcher.store import schema
from watcher.store.dialect import values_of

_keys, _entries = schema.seen_keys.c, schema.entries.c
_FIND = (
    select(
        _keys.key,
        _keys.entry_id,
        func.coalesce(_entries.feed_id, _keys.feed_id).label("feed_id"),
        _entries.content_hash,
        _entries.link_key,
        _entries.times_ingested,
    )
    .select_from(schema.seen_keys.outerjoin(schema.entries, _entries.id == _keys.entry_id))
    .where(_keys.key.in_(values_of("keys")))
)


def find_known(tx: Connection, feed_id: FeedId, keys: Iterable[int]) -> dict[int, KnownEntry]:
    """Finds the entries that are known under the keys, by key. `feed_id`: the feed that is being polled.

    An entry whose row was already deleted has no content hash, so that nothing counts as a change of it. Its feed is
    that of the key: without one, a feed all of whose entries are old would seem to list none that it had listed before.
    """
    return {
        row.key: KnownEntry(
            entry_id=row.entry_id,
            content_hash=row.content_hash,
            times_ingested=row.times_ingested or 0,
            same_feed=row.feed_id == feed_id,
            link_key=row.link_key,
        )
        for row in tx.execute(_FIND, {"keys": json.dumps(list(keys))})
    }
