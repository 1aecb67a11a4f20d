"""Finds the watches whose definition differs from the one on record."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import (
    Connection,
    select,
)

from watcher.store import schema


def changed(tx: Connection, definitions: Mapping[str, int]) -> set[str]:
    """The watches that are not on record, or with another definition (name -> a hash of it)."""
    rows = schema.watches.c
    known = {row.name: row.definition for row in tx.execute(select(rows.name, rows.definition))}
    return {name for name, definition in definitions.items() if known.get(name) != definition}
