"""The documents of a summary or digest: those that it shows, chosen without reading the texts of the others."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from watcher.model import PartialDate, newest_key
from watcher.store import schema

_rows, _links = schema.documents.c, schema.delivery_documents.c
_OF_DELIVERY = (
    select(_rows.number, _rows.story, _rows.date, _rows.published_at, _rows.fetched_at, _rows.written_at)
    .join(schema.delivery_documents, _links.document == _rows.number)
    .where(_links.delivery == bindparam("delivery"))
    .order_by(_rows.number)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDocuments:
    """The numbers of the documents that are shown. `unwritten`: whether any document, shown or not, has no file yet."""

    numbers: frozenset[int]
    more_stories: int = 0
    unwritten: bool = False


def newest(tx: Connection, delivery: int, *, most: int) -> ShownDocuments:
    """Returns the documents of the newest `most` stories of a delivery; a story is as new as its first document."""
    stories: dict[int, list[int]] = {}
    keys = {}
    unwritten = False
    for row in tx.execute(_OF_DELIVERY, {"delivery": delivery}):
        unwritten |= row.written_at is None
        if row.story not in stories:
            date = PartialDate.fromisoformat(row.date) if row.date else None
            keys[row.story] = newest_key(date, published_at=row.published_at, found_at=row.fetched_at)
        stories.setdefault(row.story, []).append(row.number)
    shown = sorted(stories, key=keys.__getitem__, reverse=True)[:most]
    numbers = frozenset(number for story in shown for number in stories[story])
    return ShownDocuments(numbers=numbers, more_stories=len(stories) - len(shown), unwritten=unwritten)
