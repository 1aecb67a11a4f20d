"""Subscribes feeds, claims due ones and gives claims back. polls.py records what their polls found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Integer, Text, bindparam, delete, func, insert, select, update

from watcher.heap import gc_paused
from watcher.model import FeedId
from watcher.store import raw_sql, schema
from watcher.store.commands import feed_incidents
from watcher.store.dialect import SHARDS_ASKED, Instant, column_of_shard, deciding, values_of
from watcher.store.queries.feed_status import ACTIVE

_feeds, _listings = schema.feeds.c, schema.listings.c
_languages, _bodies, _sitemaps = schema.feed_languages.c, schema.feed_bodies.c, schema.sitemaps.c
_this_feed = _feeds.id == bindparam("feed")

_DUE = (
    select(
        _feeds.id,
        _feeds.name,
        _feeds.url,
        _feeds.moved_to,
        _feeds.poll_state,
        _feeds.next_poll_at,
        _listings.rows,
        _listings.marked_on,
    )
    .select_from(schema.feeds.outerjoin(schema.listings, _listings.feed_id == _feeds.id))
    .where(ACTIVE, _feeds.next_poll_at <= bindparam("due_by", type_=Instant), _feeds.lease_until.is_(None))
    .order_by(_feeds.next_poll_at)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(of=schema.feeds, skip_locked=True)
)
_SHARD = column_of_shard(schema.feeds)
_DUE_IN_SHARDS = _DUE.add_columns(_SHARD).where(_SHARD.op("=")(func.any(SHARDS_ASKED)))
_RESCHEDULE = (
    update(schema.feeds).where(_this_feed).values(lease_until=None, next_poll_at=bindparam("due_at", type_=Instant))
)
_STORED = select(_feeds.id, _feeds.name, _feeds.url).where(_feeds.name.in_(values_of("names", of=Text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedFeed:
    """A feed that this process polls until the lease ends. `poll_state`: as the last poll left it, "" before the first.

    `listing`: what its last body listed, packed. `marked_on`: the day on which all of that was last marked as seen.
    `due_at`: the moment for which the poll was planned. `shard`: that of its host, if it was claimed by shards.
    """

    id: FeedId
    name: str
    url: str
    poll_state: str
    listing: bytes = b""
    marked_on: int | None = None
    due_at: datetime | None = None
    shard: int | None = None


class PollRequest(StrEnum):
    """The answer to a request for a poll. RUNNING: there will be a further one when the present one has ended."""

    UNKNOWN = "unknown"
    DUE = "due"
    RUNNING = "running"


def subscribe(tx: Connection, feeds: Mapping[str, str], *, now: datetime) -> None:
    """Makes the stored feeds those of the config (name -> url). New ones are due now; no row is deleted.

    All of them are compared by name and address, in one statement; only feeds that differ are read and written.
    """
    deciding(tx)
    with gc_paused():
        active = dict(raw_sql.ACTIVE_FEEDS.execute(tx).cursor.fetchall())
    if active == feeds:
        return
    differing = [name for name, url in feeds.items() if active.get(name) != url]
    removed = active.keys() - feeds.keys()
    stored = {row.name: row for row in tx.execute(_STORED, {"names": json.dumps([*differing, *removed])})}
    fresh = [{"name": name, "url": feeds[name], "next_poll_at": now} for name in differing if name not in stored]
    if fresh:
        tx.execute(insert(schema.feeds), fresh)
    for name, row in stored.items():
        if name in removed:
            _set(tx, row.id, active=False)
            feed_incidents.forget(tx, name)
        elif row.url == feeds[name]:
            _set(tx, row.id, active=True, next_poll_at=now)
        else:
            _move(tx, row.id, feeds[name], now=now)


def void_claims(tx: Connection) -> None:
    """Frees every claim of a former process; the feeds stay due."""
    tx.execute(update(schema.feeds).where(_feeds.lease_until.is_not(None)).values(lease_until=None))


def make_due(tx: Connection, *, now: datetime) -> None:
    """Makes every subscribed feed due now."""
    tx.execute(update(schema.feeds).where(_feeds.active).values(next_poll_at=now))


def make_one_due(tx: Connection, name: str, *, now: datetime) -> PollRequest:
    """Makes a subscribed feed due now."""
    due = update(schema.feeds).where(_feeds.active, _feeds.name == name).values(next_poll_at=now)
    found = tx.execute(due.returning(_feeds.lease_until)).first()
    if found is None:
        return PollRequest.UNKNOWN
    return PollRequest.DUE if found.lease_until is None else PollRequest.RUNNING


def claim(
    tx: Connection,
    *,
    now: datetime,
    limit: int,
    lease: timedelta,
    due_by: datetime | None = None,
    shards: Sequence[int] | None = None,
) -> list[ClaimedFeed]:
    """Claims up to `limit` feeds that are due now (or at `due_by`) until `now + lease`, the longest due first.

    `shards`: only feeds of these; None: all.
    """
    asked = {"due_by": due_by or now, "most": limit}
    due = tx.execute(_DUE, asked) if shards is None else tx.execute(_DUE_IN_SHARDS, asked | {"shards": list(shards)})
    claimed = [
        ClaimedFeed(
            id=row.id,
            name=row.name,
            url=address(row),
            poll_state=row.poll_state,
            listing=row.rows or b"",
            marked_on=row.marked_on,
            due_at=row.next_poll_at,
            shard=None if shards is None else row.shard,
        )
        for row in due
    ]
    if claimed:
        ids = [feed.id for feed in claimed]
        tx.execute(update(schema.feeds).where(_feeds.id.in_(ids)).values(lease_until=now + lease))
    return claimed


def reschedule(tx: Connection, feeds: Iterable[tuple[FeedId, datetime]]) -> None:
    """Gives claims back unused; each feed is due again at its moment."""
    if rows := [{"feed": feed, "due_at": due_at} for feed, due_at in feeds]:
        tx.execute(_RESCHEDULE, rows)


def free_expired(tx: Connection, *, now: datetime) -> None:
    """Frees the claims whose lease ended."""
    tx.execute(update(schema.feeds).where(_feeds.lease_until <= now).values(lease_until=None))


def release(tx: Connection, feed_id: FeedId) -> None:
    """Gives a claim back unused."""
    _set(tx, feed_id, lease_until=None)


def address(row: Any) -> str:
    """Returns where a feed is polled: at the address that it moved to, if it did."""
    return str(row.moved_to or row.url)


def _move(tx: Connection, feed_id: int, url: str, *, now: datetime) -> None:
    """Gives a feed another address, and forgets what was read at the former one."""
    _set(
        tx,
        feed_id,
        active=True,
        url=url,
        moved_to="",
        poll_state="",
        next_poll_at=now,
        last_error="",
        failing_since=None,
    )
    tx.execute(delete(schema.listings).where(_listings.feed_id == feed_id))
    tx.execute(delete(schema.feed_languages).where(_languages.feed_id == feed_id))
    tx.execute(delete(schema.feed_bodies).where(_bodies.feed_id == feed_id))
    tx.execute(delete(schema.sitemaps).where(_sitemaps.feed_id == feed_id))


def _set(tx: Connection, feed_id: int, **values: object) -> None:
    tx.execute(update(schema.feeds).where(_feeds.id == feed_id).values(**values))
