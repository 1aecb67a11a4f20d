"""Finds the entries that the keys of a poll belong to."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import (
    Connection,
)

from watcher.model import (
    FeedId,
    KnownEntry,
)

_FIND = """SELECT known.key, known.entry_id, entries.feed_id, entries.content_hash, entries.outcome, entries.state,
        entries.times_ingested
    FROM known LEFT JOIN entries ON entries.id = known.entry_id WHERE known.key IN (SELECT value FROM json_each(?))
"""


def find_known(tx: Connection, feed_id: FeedId, keys: Iterable[int]) -> dict[int, KnownEntry]:
    """Finds the entries that are known under the keys; `feed_id` is the feed that asks.

    An entry whose row was already deleted counts as matched.
    """
    asked = json.dumps(list(keys))  # one parameter, whose number SQLite does not limit
    return {
        row.key: KnownEntry(
            entry_id=row.entry_id,
            content_hash=row.content_hash,
            matched=row.state is None or row.outcome in ("matched", "duplicate"),
            times_ingested=row.times_ingested or 0,
            same_feed=row.feed_id == feed_id,
        )
        for row in tx.exec_driver_sql(_FIND, (asked,))
    }
