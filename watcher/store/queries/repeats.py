"""Paragraphs that hosts repeat on their pages."""

from __future__ import annotations

from sqlalchemy import Connection, select

from watcher.store import schema

REPEATED_ON = 4  # pages of different titles: one article at three addresses repeats nothing


def repeated_paragraphs(tx: Connection) -> dict[str, set[int]]:
    """The paragraphs that hosts repeat: host -> their hashes."""
    rows = schema.repeats.c
    found: dict[str, set[int]] = {}
    for row in tx.execute(select(rows.host, rows.paragraph).where(rows.pages >= REPEATED_ON)):
        found.setdefault(row.host, set()).add(row.paragraph)
    return found
