"""What is amiss and known to the operator: told once when it begins, and once when it is over, across restarts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from watcher.store import schema
from watcher.store.deliveries import notify


def begin(tx: Connection, name: str, message: str, *, ops: Iterable[str], now: datetime) -> bool:
    """Tells the `ops` channels that something is amiss, unless they know. Returns whether it is news."""
    rows = schema.troubles.c
    if tx.execute(update(schema.troubles).where(rows.name == name).values(last_at=now)).rowcount:
        return False
    tx.execute(insert(schema.troubles).values(name=name, since=now, last_at=now, message=message))
    for channel in ops:
        notify(tx, channel, message, now=now)
    return True


def end(
    tx: Connection, name: str, message: str, *, ops: Iterable[str], now: datetime, calm: timedelta = timedelta()
) -> bool:
    """Tells the `ops` channels that it is over, if they know of it and it was not seen for `calm`."""
    rows = schema.troubles.c
    past = (rows.name == name) & (rows.last_at <= now - calm)
    if not tx.execute(delete(schema.troubles).where(past)).rowcount:
        return False
    for channel in ops:
        notify(tx, channel, message, now=now)
    return True


def known(tx: Connection) -> dict[str, str]:
    """What is amiss now: name -> what was said of it."""
    return {row.name: row.message for row in tx.execute(select(schema.troubles))}
