"""Feeds as `feeds list` and the notices show them, and whether first polls are still open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select, text

from watcher.model import FEED, FeedId
from watcher.store import schema
from watcher.store.queries import near_misses
from watcher.store.queries.feed_incidents import FeedIncident

# Without "= 1": only then does SQLite use the partial indexes, whose conditions are written in this way.
ACTIVE = text("feeds.active")
_IN_FIRST_POLL = text("entries.in_first_poll")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatus:
    """A feed as `feeds list` and notices show it. `walls`: kind of page instead of an article -> number of pages.

    `near_misses`: the number of sentences that one of its pages showed last. `problem`: what was wrong with its last
    body though it gave entries, "" if nothing was. `silent_since`: its last new entry, if it is silent.
    """

    id: FeedId
    name: str
    url: str
    title: str
    next_poll_at: datetime
    last_polled_at: datetime | None
    last_success_at: datetime | None
    failing_since: datetime | None
    last_error: str
    entries: int = 0
    walls: Mapping[str, int] = field(default_factory=dict)
    near_misses: int = 0
    kind: str = FEED
    problem: str = ""
    silent_since: datetime | None = None


def statuses(tx: Connection, *, muted: bool = False) -> list[FeedStatus]:
    """Reads every subscribed feed, by name, with the number of its entries on record.

    `muted`: also those that are not polled any more.
    """
    counts = select(schema.entries.c.feed_id, func.count()).group_by(schema.entries.c.feed_id)
    entries: dict[int, int] = {row[0]: row[1] for row in tx.execute(counts)}
    walls, near = _walls(tx), near_misses.count_by_feed(tx)
    bodies = {row.feed_id: row for row in tx.execute(select(schema.feed_bodies))}
    silent = schema.feeds.outerjoin(schema.incidents, schema.incidents.c.name == FeedIncident.SILENT.name_column())
    subscribed = select(schema.feeds, schema.incidents.c.since).select_from(silent).order_by(schema.feeds.c.name)
    rows = tx.execute(subscribed if muted else subscribed.where(schema.feeds.c.active))
    return [
        FeedStatus(
            id=row.id,
            name=row.name,
            url=row.url,
            title=row.title,
            next_poll_at=row.next_poll_at,
            last_polled_at=row.last_polled_at,
            last_success_at=row.last_success_at,
            failing_since=row.failing_since,
            last_error=row.last_error,
            entries=entries.get(row.id, 0),
            walls=walls.get(row.id, {}),
            near_misses=near.get(row.name, 0),
            kind=bodies[row.id].kind if row.id in bodies else FEED,
            problem=bodies[row.id].problem if row.id in bodies else "",
            silent_since=row.since,
        )
        for row in rows
    ]


def first_polls_open(tx: Connection, *, now: datetime) -> bool:
    """Whether a feed waits for its first poll, or an entry of a first poll has not ended."""
    feeds, entries = schema.feeds.c, schema.entries.c
    waiting = and_(
        ACTIVE, feeds.last_polled_at.is_(None), or_(feeds.next_poll_at <= now, feeds.lease_until.is_not(None))
    )
    if tx.execute(select(feeds.id).where(waiting).limit(1)).first():
        return True
    open_entry = and_(_IN_FIRST_POLL, entries.state != "done")
    return tx.execute(select(entries.id).where(open_entry).limit(1)).first() is not None


def _walls(tx: Connection) -> dict[int, dict[str, int]]:
    """Feed -> kind of page instead of an article -> number of pages."""
    rows = schema.walls.c
    found: dict[int, dict[str, int]] = {}
    for row in tx.execute(select(schema.walls).order_by(rows.pages.desc(), rows.quality)):
        found.setdefault(row.feed_id, {})[row.quality] = row.pages
    return found
