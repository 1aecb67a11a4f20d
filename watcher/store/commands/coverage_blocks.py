"""Packs the counts of earlier days, feed by feed, and deletes them after a year."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, Integer, bindparam, delete, select

from watcher.model import FeedId
from watcher.store import schema
from watcher.store.codec import pack_days, unpack_days
from watcher.store.dialect import upsert
from watcher.store.queries.coverage import BLOCK, stored_counts

_days, _blocks = schema.coverage.c, schema.coverage_blocks.c
_NEXT = (
    select(schema.feeds.c.id)
    .where(schema.feeds.c.id > bindparam("after"))
    .order_by(schema.feeds.c.id)
    .limit(bindparam("most", type_=Integer))
)
_OLD = (_days.feed_id > bindparam("after"), _days.feed_id <= bindparam("upto"), _days.day < bindparam("before"))
_READ = select(schema.coverage).where(*_OLD).order_by(_days.feed_id, _days.day)
_BLOCK = select(_blocks.days).where(_blocks.feed_id == bindparam("feed"), _blocks.block == bindparam("of"))
_KEEP = upsert(schema.coverage_blocks)
_KEEP = _KEEP.on_conflict_do_update(index_elements=["feed_id", "block"], set_={"days": _KEEP.excluded.days})


def pack(tx: Connection, *, before: int, expired: int, after: FeedId, limit: int) -> FeedId | None:
    """Packs the days before `before` of the next `limit` feeds, and deletes their blocks that end before `expired`.

    Only whole blocks are packed, so that each is written once. Returns the last of these feeds, None at the end.
    """
    feeds = tx.execute(_NEXT, {"after": after, "most": limit}).scalars().all()
    if not feeds:
        return None
    place = {"after": after, "upto": feeds[-1], "before": before // BLOCK * BLOCK}
    found: dict[tuple[int, int], list[list[int]]] = defaultdict(list)
    for row in tx.execute(_READ, place):
        found[row.feed_id, row.day // BLOCK].append([row.day, *stored_counts(row)])
    for (feed, block), days in found.items():
        earlier = tx.execute(_BLOCK, {"feed": feed, "of": block}).scalar()
        packed = pack_days(_added(unpack_days(earlier) if earlier else [], days))
        tx.execute(_KEEP, {"feed_id": feed, "block": block, "days": packed})
    tx.execute(delete(schema.coverage).where(*_OLD), place)
    gone = (_blocks.feed_id > after, _blocks.feed_id <= feeds[-1], _blocks.block < expired // BLOCK)
    tx.execute(delete(schema.coverage_blocks).where(*gone))
    return FeedId(feeds[-1]) if len(feeds) == limit else None


def _added(earlier: list[list[int]], days: list[list[int]]) -> list[list[int]]:
    """Adds the counts of days to those of a block."""
    of_day = {day: counts for day, *counts in earlier}
    for day, *counts in days:
        of_day[day] = [sum(pair) for pair in zip(of_day[day], counts, strict=True)] if day in of_day else counts
    return [[day, *of_day[day]] for day in sorted(of_day)]
