"""Rows of watches: what each looked for when entries were last read, so that a new or changed one is noticed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from watcher.model import Match
from watcher.store import documents, entries, schema
from watcher.store.deliveries import Telling


def changed(tx: Connection, definitions: Mapping[str, int]) -> set[str]:
    """The watches that are not on record, or with another definition (name -> a hash of it)."""
    rows = schema.watches.c
    known = {row.name: row.definition for row in tx.execute(select(rows.name, rows.definition))}
    return {name for name, definition in definitions.items() if known.get(name) != definition}


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
        insertion = sqlite_insert(schema.watches).values(name=name, **row)
        tx.execute(insertion.on_conflict_do_update(index_elements=["name"], set_=row))
    for number, matches in found.items():
        documents.add_matches(tx, number, matches, telling, now=now)
    return entries.reopen_unmatched(tx, listed_since=listed_since, now=now) if fresh else 0
