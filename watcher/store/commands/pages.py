"""Records what pages show beside articles: paragraphs that their host may repeat, and walls."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Connection,
    and_,
    delete,
    or_,
    text,
)

from watcher.model import (
    FeedId,
    Quality,
)
from watcher.store import schema
from watcher.store.queries.repeats import REPEATED_ON
from watcher.store.sql import upsert

_FORGET_SEEN_ONCE = timedelta(days=3)
_FORGET_REPEATED = timedelta(days=30)
# Words of SQL, because SQLAlchemy makes an insertion of several rows anew each time; that takes longer than the rows.
_COUNT = text("""
    INSERT INTO repeats (host, paragraph, pages, last_page, seen_on)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[2]'), 1, json_extract(value, '$[1]'), :day
    FROM json_each(:paragraphs) WHERE true
    ON CONFLICT (host, paragraph) DO UPDATE
    SET pages = pages + (last_page <> excluded.last_page), last_page = excluded.last_page, seen_on = excluded.seen_on
    RETURNING host, paragraph, pages
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page shows beside an article. `page`: a hash of what it is called, by which different pages are told;
    `paragraphs`: hashes of its longest, which its host may repeat; `wall`: what it was instead of an article."""

    feed_id: FeedId
    host: str
    page: int
    paragraphs: tuple[int, ...] = ()
    wall: Quality | None = None


def learn(tx: Connection, shown: Iterable[Shown], *, now: datetime) -> Mapping[str, frozenset[int]]:
    """Counts paragraphs and walls of pages; host -> those paragraphs that it is now found to repeat."""
    paragraphs = []
    for page in shown:
        if page.wall:
            _count_wall(tx, page.feed_id, page.wall, now=now)
        if page.host:
            paragraphs += [(page.host, page.page, paragraph) for paragraph in page.paragraphs]
    found: dict[str, set[int]] = {}
    if paragraphs:
        for row in tx.execute(_COUNT, {"paragraphs": json.dumps(paragraphs), "day": _day(now)}):
            if row.pages >= REPEATED_ON:
                found.setdefault(row.host, set()).add(row.paragraph)
    return {host: frozenset(hashes) for host, hashes in found.items()}


def forget(tx: Connection, *, now: datetime) -> None:
    """Drops the paragraphs that were not seen for days, and, after a month, those that were repeated."""
    rows = schema.repeats.c
    once = and_(rows.pages < REPEATED_ON, rows.seen_on < _day(now - _FORGET_SEEN_ONCE))
    tx.execute(delete(schema.repeats).where(or_(once, rows.seen_on < _day(now - _FORGET_REPEATED))))


def _count_wall(tx: Connection, feed_id: FeedId, quality: Quality, *, now: datetime) -> None:
    """One more page of that feed held no article, or not the whole."""
    row = {"feed_id": feed_id, "quality": quality.value, "pages": 1, "last_at": now}
    more = {"pages": schema.walls.c.pages + 1, "last_at": now}
    insertion = upsert(schema.walls).values(row)
    tx.execute(insertion.on_conflict_do_update(index_elements=["feed_id", "quality"], set_=more))


def _day(moment: datetime) -> int:
    return int(moment.timestamp() // 86_400)
