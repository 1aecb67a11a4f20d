"""Puts the watches of the config on record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import (
    Connection,
    delete,
)

from watcher.model import (
    Match,
)
from watcher.store import schema
from watcher.store.commands import documents, entries
from watcher.store.commands.outbox import Telling
from watcher.store.queries.watch_definitions import changed
from watcher.store.sql import upsert


def take_up(
    tx: Connection,
    definitions: Mapping[str, int],
    found: Mapping[int, tuple[Match, ...]],
    telling: Telling,
    *,
    listed_since: datetime,
    now: datetime,
) -> int:
    """Makes these the watches on record; those that changed are tried on earlier entries. Returns on how many.

    `found`: what they match among the documents. `listed_since`: entries that no feed listed after it are left alone.
    """
    fresh = changed(tx, definitions)
    rows = schema.watches.c
    tx.execute(delete(schema.watches).where(rows.name.not_in(definitions)))
    for name in fresh:
        row = {"definition": definitions[name], "since": now}
        insertion = upsert(schema.watches).values(name=name, **row)
        tx.execute(insertion.on_conflict_do_update(index_elements=["name"], set_=row))
    for number, matches in found.items():
        documents.add_matches(tx, number, matches, telling, now=now)
    return entries.reopen_unmatched(tx, listed_since=listed_since, now=now) if fresh else 0
