"""Says which holds are still those of the worker that asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import Enum

from sqlalchemy import Connection

from watcher.store import raw_cluster_sql as sql
from watcher.store.dialect import microseconds
from watcher.store.fencing import Hold


class Due(Enum):
    """A kind of work of shards, with the statement that locks the holds of shards in which some of it is due."""

    FEEDS = sql.LOCK_HOLDS_WITH_FEEDS
    ENTRIES = sql.LOCK_HOLDS_WITH_ENTRIES
    REVISITS = sql.LOCK_HOLDS_WITH_REVISITS


def lock_current(tx: Connection, holds: Collection[Hold]) -> frozenset[Hold]:
    """Returns those that no other worker has taken, and keeps others from taking them until the transaction ends."""
    rows = tx.execute(sql.LOCK_HOLDS, {"names": [hold.name for hold in holds]})
    current = {(row.name, row.token) for row in rows if row.holder is not None}
    return frozenset(hold for hold in holds if (hold.name, hold.token) in current)


def lock_due(tx: Connection, due: Due, shards: Mapping[int, Hold], *, now: datetime) -> list[int]:
    """Returns those of the shards in which work is due and that no other worker has taken; locks only their holds.

    A runner claims again and again, and nearly always something is due in few shards or in none.
    """
    rows = tx.execute(due.value, {"shards": list(shards), "now": microseconds(now)})
    return [row.shard for row in rows if row.holder is not None and row.token == shards[row.shard].token]
