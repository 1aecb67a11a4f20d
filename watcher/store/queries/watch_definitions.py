"""The watches on record, each with a hash of its definition."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from watcher.store import schema


def find_changed(tx: Connection, definitions: Mapping[str, int]) -> set[str]:
    """Finds the watches (name -> a hash of the definition) that are not on record or have another definition there."""
    rows = schema.watches.c
    known = {row.name: row.definition for row in tx.execute(select(rows.name, rows.definition))}
    return {name for name, definition in definitions.items() if known.get(name) != definition}
