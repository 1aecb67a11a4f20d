"""Reads what was read and what was not, by feed and day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, bindparam, exists, or_, select, true

from watcher.model import FeedId
from watcher.store import schema
from watcher.store.codec import unpack_days
from watcher.store.queries.feed_incidents import FeedIncident

BLOCK = 32  # days of a packed block

_days, _blocks, _feeds = schema.coverage.c, schema.coverage_blocks.c, schema.feeds.c
_incidents = schema.incidents.c
_STORED = [column.name for column in _days if not column.primary_key]
_NONE = [0] * len(_STORED)
_has_unread_pages = exists().where(
    _days.feed_id == _feeds.id,
    _days.day >= bindparam("since"),
    _days.walls + _days.paywalls + _days.robots + _days.errors > 0,
)
_EXAMINED = (
    select(_feeds.id, _feeds.name, FeedIncident.UNREAD.is_open().label("unread"))
    .where(_feeds.active, _feeds.id > bindparam("after"), or_(FeedIncident.UNREAD.is_open(), _has_unread_pages))
    .order_by(_feeds.id)
    .limit(bindparam("most", type_=Integer))
)
_NEWEST_DAYS = (
    select(schema.coverage)
    .where(_days.feed_id == bindparam("feed"), _days.day >= bindparam("since"))
    .order_by(_days.day.desc())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageCounts:
    """Polls and entries of a feed or of several, on a day or in a period. The names are those of `coverage --json`.

    `listed` is `known` and `new`; `new` is the sum of `page` to `waiting`. `rolled_over` is an estimate, and no part of
    these. `seconds_lost`: without contact.
    """

    polls: int = 0
    failures: int = 0
    listed: int = 0
    known: int = 0
    new: int = 0
    page: int = 0
    feed_only: int = 0
    walls: int = 0
    paywalls: int = 0
    robots: int = 0
    errors: int = 0
    waiting: int = 0
    rolled_over: int = 0
    seconds_lost: int = 0

    @classmethod
    def sum(cls, counts: Iterable[CoverageCounts]) -> CoverageCounts:
        counts = tuple(counts)
        return cls(**{field.name: sum(getattr(each, field.name) for each in counts) for field in fields(cls)})


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredDay:
    """The counts of one feed on one day, in days since 1970."""

    feed: str
    day: int
    counts: CoverageCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedContact:
    """Whether a feed is in contact now. `lost_since`: its last poll if that failed, else the moment of its next poll.

    None for a feed that left the config. `silent_since`: its last new entry, if it is silent.
    """

    feed: str
    lost_since: datetime | None
    silent_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulFeed:
    """A feed whose pages may not be readable. `unread`: the operator was notified of that."""

    name: str
    unread: bool


def read_days(tx: Connection, *, first: int, last: int, feed: str | None = None) -> list[CoveredDay]:
    """Reads the days from `first` to `last` of one feed or of all, by feed and day."""
    named = true() if feed is None else _feeds.name == feed
    rows = select(schema.coverage, _feeds.name).join(schema.feeds, _feeds.id == _days.feed_id)
    blocks = select(_blocks.days, _feeds.name).join(schema.feeds, _feeds.id == _blocks.feed_id)
    found: dict[tuple[str, int], list[int]] = {}
    for row in tx.execute(blocks.where(named, _blocks.block >= first // BLOCK, _blocks.block <= last // BLOCK)):
        for day, *counts in unpack_days(row.days):
            if first <= day <= last:
                found[row.name, day] = counts
    for row in tx.execute(rows.where(named, _days.day >= first, _days.day <= last)):
        earlier = found.get((row.name, row.day), _NONE)
        found[row.name, row.day] = [sum(pair) for pair in zip(earlier, stored_counts(row), strict=True)]
    return [CoveredDay(feed=name, day=day, counts=_counts(found[name, day])) for name, day in sorted(found)]


def stored_counts(row: Row[*tuple[Any, ...]]) -> list[int]:
    """The counts of a row of `coverage`, in the order of its columns, as a block has them."""
    return [getattr(row, name) for name in _STORED]


def read_contacts(tx: Connection) -> list[FeedContact]:
    """Reads all feeds that ever were in the config, by name."""
    rows = select(
        *(_feeds.name, _feeds.active, _feeds.failing_since, _feeds.last_polled_at, _feeds.next_poll_at),
        _incidents.since,
    )
    silent = schema.feeds.outerjoin(schema.incidents, _incidents.name == FeedIncident.SILENT.name_column())
    return [
        FeedContact(
            feed=row.name,
            lost_since=(row.last_polled_at if row.failing_since else row.next_poll_at) if row.active else None,
            silent_since=row.since,
        )
        for row in tx.execute(rows.select_from(silent).order_by(_feeds.name))
    ]


def read_doubtful(
    tx: Connection, *, since: int, after: FeedId, limit: int
) -> tuple[dict[DoubtfulFeed, list[CoverageCounts]], FeedId | None]:
    """Reads the days since then of feeds that have pages which were not read, or whose incident of that is open.

    `after`: the last feed of the previous call. Returns the days of the next `limit` feeds, the newest first, and the
    last of these feeds; None at the end.
    """
    rows = tx.execute(_EXAMINED, {"after": after, "since": since, "most": limit}).all()
    found = {
        DoubtfulFeed(name=row.name, unread=row.unread): [
            _counts(stored_counts(day)) for day in tx.execute(_NEWEST_DAYS, {"feed": row.id, "since": since})
        ]
        for row in rows
    }
    return found, FeedId(rows[-1].id) if len(rows) == limit else None


def _counts(stored: Iterable[int]) -> CoverageCounts:
    named = dict(zip(_STORED, stored, strict=True))
    ended = sum(named[name] for name in ("page", "feed_only", "walls", "paywalls", "robots", "errors"))
    return CoverageCounts(**named, listed=named["known"] + named["new"], waiting=named["new"] - ended)
