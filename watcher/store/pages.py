"""Rows of what pages show beside articles: paragraphs that a host repeats, and walls, counted per feed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, case, delete, or_, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from watcher.model import FeedId, Quality
from watcher.store import schema

REPEATED_ON = 4  # pages of different names: one article at three addresses repeats nothing
_FORGET_SEEN_ONCE = timedelta(days=3)
_FORGET_REPEATED = timedelta(days=30)


def learn(tx: Connection, host: str, paragraphs: Collection[int], *, page: int, now: datetime) -> frozenset[int]:
    """Counts paragraphs of a page of that host; which of them the host has been found to repeat.

    `page`: a hash of what the page is called, by which different pages are told.
    """
    if not paragraphs:
        return frozenset()
    rows, day = schema.repeats.c, _day(now)
    seen = [
        {"host": host, "paragraph": paragraph, "pages": 1, "last_page": page, "seen_on": day}
        for paragraph in paragraphs
    ]
    new = sqlite_insert(schema.repeats).values(seen)
    counted = new.on_conflict_do_update(
        index_elements=["host", "paragraph"],
        set_={
            "pages": rows.pages + case((rows.last_page == page, 0), else_=1),
            "last_page": page,
            "seen_on": day,
        },
    ).returning(rows.paragraph, rows.pages)
    return frozenset(row.paragraph for row in tx.execute(counted) if row.pages >= REPEATED_ON)


def repeated(tx: Connection) -> dict[str, set[int]]:
    """The paragraphs that hosts repeat: host -> their hashes."""
    rows = schema.repeats.c
    found: dict[str, set[int]] = {}
    for row in tx.execute(select(rows.host, rows.paragraph).where(rows.pages >= REPEATED_ON)):
        found.setdefault(row.host, set()).add(row.paragraph)
    return found


def forget(tx: Connection, *, now: datetime) -> None:
    """Drops the paragraphs that were not seen for days, and, after a month, those that were repeated."""
    rows = schema.repeats.c
    once = and_(rows.pages < REPEATED_ON, rows.seen_on < _day(now - _FORGET_SEEN_ONCE))
    tx.execute(delete(schema.repeats).where(or_(once, rows.seen_on < _day(now - _FORGET_REPEATED))))


def count_wall(tx: Connection, feed_id: FeedId, quality: Quality, *, now: datetime) -> None:
    """One more page of that feed held no article, or not the whole."""
    row = {"feed_id": feed_id, "quality": quality.value, "pages": 1, "last_at": now}
    more = {"pages": schema.walls.c.pages + 1, "last_at": now}
    insertion = sqlite_insert(schema.walls).values(row)
    tx.execute(insertion.on_conflict_do_update(index_elements=["feed_id", "quality"], set_=more))


def walls(tx: Connection) -> dict[int, dict[str, int]]:
    """Feed -> what its pages were instead of articles -> on how many."""
    rows = schema.walls.c
    found: dict[int, dict[str, int]] = {}
    for row in tx.execute(select(schema.walls).order_by(rows.pages.desc(), rows.quality)):
        found.setdefault(row.feed_id, {})[row.quality] = row.pages
    return found


def _day(moment: datetime) -> int:
    return int(moment.timestamp() // 86_400)
