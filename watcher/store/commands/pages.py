"""Records what pages show beside articles: paragraphs that their host may repeat, and walls."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, or_

from watcher.model import FeedId, Quality
from watcher.store import raw_sql, schema
from watcher.store.dialect import day_of, upsert
from watcher.store.queries.repeats import REPEATED_ON

_FORGET_SEEN_ONCE = timedelta(days=3)
_FORGET_REPEATED = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageObservation:
    """The parts of a page beside its article. `page`: a hash of its title, which identifies it among its host's pages.

    `paragraphs`: hashes of its longest paragraphs, which its host may repeat. `wall`: the kind of page that it was
    instead of an article.
    """

    feed_id: FeedId
    host: str
    page: int
    paragraphs: tuple[int, ...] = ()
    wall: Quality | None = None


def record_observations(
    tx: Connection, shown: Sequence[PageObservation], *, now: datetime
) -> Mapping[str, frozenset[int]]:
    """Counts paragraphs and walls of pages. Returns the paragraphs that a host now repeats: host -> their hashes."""
    found: dict[str, set[int]] = {}
    for page in shown:
        if page.wall:
            _count_wall(tx, page.feed_id, page.wall, now=now)
    for counted in _distinct(shown):
        rows = [(host, page, paragraph) for (host, paragraph), page in counted.items()]
        for host, paragraph, pages in raw_sql.COUNT_PARAGRAPHS.execute(tx, (day_of(now), json.dumps(rows))):
            if pages >= REPEATED_ON:
                found.setdefault(host, set()).add(paragraph)
    return {host: frozenset(hashes) for host, hashes in found.items()}


def forget(tx: Connection, *, now: datetime) -> None:
    """Deletes paragraphs that were not seen for three days, and repeated ones that were not seen for a month."""
    rows = schema.repeats.c
    once = and_(rows.pages < REPEATED_ON, rows.seen_on < day_of(now - _FORGET_SEEN_ONCE))
    tx.execute(delete(schema.repeats).where(or_(once, rows.seen_on < day_of(now - _FORGET_REPEATED))))


def _distinct(shown: Iterable[PageObservation]) -> list[dict[tuple[str, int], int]]:
    """Distributes (host, paragraph) -> page over statements: PostgreSQL changes a row only once in each."""
    statements: list[dict[tuple[str, int], int]] = []
    for page in shown:
        for key in {(page.host, paragraph) for paragraph in page.paragraphs if page.host}:
            free = next((statement for statement in statements if key not in statement), None)
            if free is None:
                statements.append(free := {})
            free[key] = page.page
    return statements


def _count_wall(tx: Connection, feed_id: FeedId, quality: Quality, *, now: datetime) -> None:
    """Counts one more page of the feed without an article, or with only a part of one."""
    row = {"feed_id": feed_id, "quality": quality.value, "pages": 1, "last_at": now}
    more = {"pages": schema.walls.c.pages + 1, "last_at": now}
    insertion = upsert(schema.walls).values(row)
    tx.execute(insertion.on_conflict_do_update(index_elements=["feed_id", "quality"], set_=more))
