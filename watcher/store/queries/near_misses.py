"""Near misses on record, for `near-misses`, `explain`, `feeds list` and digests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from watcher.model import EntryId, NearMiss
from watcher.store import schema

_ROWS, _LINKS, _IN_DIGEST = schema.near_misses.c, schema.near_miss_entries.c, schema.delivery_near_misses.c

_LAST_SEEN_FIRST = (_ROWS.last_seen_at.desc(), _ROWS.host, _ROWS.sentence)
_PLACES = select(
    _ROWS.key, func.row_number().over(partition_by=_ROWS.watch, order_by=_LAST_SEEN_FIRST).label("place")
).subquery()
_LAST_OF_WATCHES = (
    select(schema.near_misses)
    .join(_PLACES, _PLACES.c.key == _ROWS.key)
    .where(_PLACES.c.place <= bindparam("most"))
    .order_by(_ROWS.watch, _PLACES.c.place)
)
_COUNT_BY_WATCH = select(_ROWS.watch, func.count()).group_by(_ROWS.watch)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedNearMiss:
    """A near miss with its history. `url`, `feed`: of the page that showed it last; `count`: entries that showed it."""

    near_miss: NearMiss
    url: str
    host: str
    feed: str
    first_seen_at: datetime
    last_seen_at: datetime
    count: int


def find(tx: Connection, *, watch: str | None = None, since: datetime | None = None) -> list[RecordedNearMiss]:
    """Returns the near misses, last seen first, of all watches or one, that a page has shown `since` a moment."""
    found = select(schema.near_misses).order_by(_ROWS.last_seen_at.desc(), _ROWS.watch, _ROWS.host, _ROWS.sentence)
    if watch is not None:
        found = found.where(_ROWS.watch == watch)
    if since is not None:
        found = found.where(_ROWS.last_seen_at >= since)
    return [_recorded(row) for row in tx.execute(found)]


def last_of_watches(tx: Connection, *, most: int) -> dict[str, list[RecordedNearMiss]]:
    """Returns, for each watch, up to `most` of its near misses, last seen first."""
    found: dict[str, list[RecordedNearMiss]] = {}
    for row in tx.execute(_LAST_OF_WATCHES, {"most": most}):
        found.setdefault(row.watch, []).append(_recorded(row))
    return found


def count_by_watch(tx: Connection) -> dict[str, int]:
    """Counts the near misses of each watch."""
    return {row[0]: row[1] for row in tx.execute(_COUNT_BY_WATCH)}


def of_entries(tx: Connection, entries: Iterable[EntryId]) -> list[RecordedNearMiss]:
    """Returns the near misses that the pages of these entries showed, by watch."""
    keys = select(_LINKS.near_miss).where(_LINKS.entry.in_(list(entries)))
    found = select(schema.near_misses).where(_ROWS.key.in_(keys)).order_by(_ROWS.watch, _ROWS.first_seen_at, _ROWS.key)
    return [_recorded(row) for row in tx.execute(found)]


def of_delivery(tx: Connection, delivery: int, *, most: int) -> tuple[tuple[RecordedNearMiss, ...], int]:
    """Returns the near misses of a digest that were first seen last, up to `most`, and the number of all."""
    found = select(schema.near_misses).join(schema.delivery_near_misses, _IN_DIGEST.near_miss == _ROWS.key)
    found = found.where(_IN_DIGEST.delivery == delivery)
    newest = tx.execute(found.order_by(_ROWS.first_seen_at.desc(), _ROWS.watch, _ROWS.sentence).limit(most)).all()
    count = tx.execute(select(func.count()).select_from(found.subquery())).scalar_one()
    return tuple(_recorded(row) for row in newest), count


def count_by_feed(tx: Connection) -> dict[str, int]:
    """Counts the near misses by the feed whose page showed them last."""
    counted = select(_ROWS.feed, func.count()).group_by(_ROWS.feed)
    return {row[0]: row[1] for row in tx.execute(counted)}


def _recorded(row: Row[Any]) -> RecordedNearMiss:
    near = NearMiss(watch=row.watch, term=row.term, form=row.form, sentence=row.sentence, place=row.place)
    return RecordedNearMiss(
        near_miss=near,
        url=row.url,
        host=row.host,
        feed=row.feed,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        count=row._mapping["count"],
    )
