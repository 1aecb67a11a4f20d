"""Says which holds are still those of the worker that asks."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from watcher.store import raw_cluster_sql as sql
from watcher.store.fencing import Hold


def lock_current(tx: Connection, holds: Collection[Hold]) -> frozenset[Hold]:
    """Returns those that no other worker has taken, and keeps others from taking them until the transaction ends."""
    rows = tx.execute(sql.LOCK_HOLDS, {"names": [hold.name for hold in holds]})
    current = {(row.name, row.token) for row in rows if row.holder is not None}
    return frozenset(hold for hold in holds if (hold.name, hold.token) in current)
