"""Notifies the operator of an incident once when it begins and once when it ends, across restarts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, update

from watcher.store import schema
from watcher.store.commands.outbox import notify
from watcher.store.dialect import deciding

WORKERS = "workers"
"""The first word of incidents about work that no worker takes."""


def begin(
    tx: Connection, name: str, message: str, *, ops: Iterable[str], now: datetime, since: datetime | None = None
) -> bool:
    """Records an incident and notifies the `ops` channels, unless it is on record. Returns whether it is new.

    `since`: when it began, if that was not now.
    """
    deciding(tx)
    rows = schema.incidents.c
    if tx.execute(update(schema.incidents).where(rows.name == name).values(last_at=now)).rowcount:
        return False
    tx.execute(insert(schema.incidents).values(name=name, since=since or now, last_at=now, message=message))
    for channel in ops:
        notify(tx, channel, message, now=now)
    return True


def end(
    tx: Connection, name: str, message: str, *, ops: Iterable[str], now: datetime, calm: timedelta = timedelta()
) -> bool:
    """Ends an incident that was not seen for `calm` and notifies the `ops` channels. Returns whether it ended."""
    deciding(tx)
    rows = schema.incidents.c
    past = (rows.name == name) & (rows.last_at <= now - calm)
    if not tx.execute(delete(schema.incidents).where(past)).rowcount:
        return False
    for channel in ops:
        notify(tx, channel, message, now=now)
    return True


def forget(tx: Connection, kind: str) -> None:
    """Removes the incidents of a kind, the first word of their names, without a notification."""
    tx.execute(delete(schema.incidents).where(schema.incidents.c.name.startswith(f"{kind} ", autoescape=True)))
