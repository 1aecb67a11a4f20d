"""Records the watches of the config, and applies new and changed ones to what is on record already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete

from watcher.model import Match
from watcher.store import schema
from watcher.store.commands import documents, entries
from watcher.store.commands.outbox import Recipients
from watcher.store.dialect import upsert
from watcher.store.queries.watch_definitions import find_changed


def store_definitions(
    tx: Connection,
    definitions: Mapping[str, int],
    found: Mapping[int, tuple[Match, ...]],
    recipients: Recipients,
    *,
    listed_since: datetime,
    now: datetime,
) -> int:
    """Replaces the watches on record by these (name -> a hash of the definition).

    `found`: the matches of changed watches among the documents. Entries that matched nothing are ingested again if a
    watch changed and a feed listed them after `listed_since`. Returns the number of these entries.
    """
    fresh = find_changed(tx, definitions)
    rows = schema.watches.c
    tx.execute(delete(schema.watches).where(rows.name.not_in(definitions)))
    for name in fresh:
        row = {"definition": definitions[name], "since": now}
        insertion = upsert(schema.watches).values(name=name, **row)
        tx.execute(insertion.on_conflict_do_update(index_elements=["name"], set_=row))
    for number, matches in found.items():
        documents.add_matches(tx, number, matches, recipients, now=now)
    return entries.reopen_unmatched(tx, listed_since=listed_since, now=now) if fresh else 0
