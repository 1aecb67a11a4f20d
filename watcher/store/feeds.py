"""Rows of feeds: which are subscribed, which are due, what a poll found. All of a poll lands in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, or_, select, text, update

from watcher.model import EntryId, FeedId
from watcher.store import deliveries, incidents, intake, pages, schema

_CALM = timedelta(days=1)

# Not "= 1": SQLite would not see then that the partial indexes hold all that is asked for.
_ACTIVE = text("feeds.active")
_IN_FIRST_POLL = text("entries.in_first_poll")

# What every poll says to the database goes to SQLite as it is: SQLAlchemy takes three times as long over it as it does.
# Moments are microseconds there.
_STORED = "SELECT id, name, url, active FROM feeds"
_FEED = """SELECT id, name, url, moved_to, title, listed_on, last_success_at, failing_since,
        EXISTS (SELECT 1 FROM troubles WHERE troubles.name = 'rolled over ' || feeds.name) AS rolls
    FROM feeds WHERE id = ?
"""
_FIND = """SELECT known.key, known.entry_id, entries.feed_id, entries.content_hash, entries.outcome, entries.state,
        entries.times_ingested
    FROM known LEFT JOIN entries ON entries.id = known.entry_id WHERE known.key IN (SELECT value FROM json_each(?))
"""
_NOTED = """UPDATE feeds SET lease_until = NULL, poll_state = ?, next_poll_at = ?, last_error = ?, last_polled_at = ?,
        failing_since = ?, last_success_at = ?, listed_on = ?, moved_to = ?, title = ?
    WHERE id = ?
"""
_LISTED = """INSERT INTO listings (feed_id, rows, marked_on) VALUES (?, ?, ?)
    ON CONFLICT (feed_id) DO UPDATE SET rows = excluded.rows
"""
_MARKED = f"{_LISTED.rstrip()}, marked_on = excluded.marked_on"
_QUIET = (
    "UPDATE feeds SET lease_until = NULL, poll_state = ?, next_poll_at = ?, last_polled_at = ?, last_success_at = ?,"
    " failing_since = NULL, last_error = '' WHERE id = ? AND coalesce(nullif(moved_to, ''), url) = ?"
)
_LEFT = (
    "UPDATE feeds SET lease_until = NULL"
    " WHERE id = ? AND coalesce(nullif(moved_to, ''), url) <> ? AND lease_until IS NOT NULL"
)
_PUT_OFF = (
    update(schema.feeds)
    .where(schema.feeds.c.id == bindparam("feed"))
    .values(lease_until=None, next_poll_at=bindparam("later", type_=schema.Instant))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedFeed:
    """A feed whose poll is ours until the lease ends. `poll_state` is what the last poll left, "" before the first.

    `listing`: what it listed when it was last read, packed. `marked_on`: the day on which all of that was last marked.
    """

    id: FeedId
    name: str
    url: str
    poll_state: str
    listing: bytes = b""
    marked_on: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRow:
    """What is on record of a known entry; `matched` also where its row was already cleared away."""

    entry_id: EntryId
    feed_id: FeedId | None
    content_hash: int
    matched: bool
    times_ingested: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to ingest. `keys`: its 8-byte keys; `entry`: the feed's words as JSON."""

    keys: tuple[int, ...]
    link_key: int | None
    link: str
    title: str
    entry: str
    content_hash: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedEntry:
    """A known entry that never matched and whose words changed."""

    entry_id: EntryId
    link: str
    title: str
    entry: str
    content_hash: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRecord:
    """All that one poll of `url` leaves behind. `error` is "" after a success.

    `listing`: what to keep of a body that was read; `seen`: keys that it lists; `marked`: these are all. `learned`:
    further keys of known entries; `moved_to`: a lasting new address; `notices`: what the operator is to be told.
    `rolled_over`: whether nothing was left of the last body, so that entries may have been missed; None if the poll
    does not tell.
    """

    url: str
    poll_state: str
    next_poll_at: datetime
    error: str = ""
    title: str = ""
    new: tuple[NewEntry, ...] = ()
    changed: tuple[ChangedEntry, ...] = ()
    listing: bytes | None = None
    seen: tuple[int, ...] = ()
    marked: bool = False
    learned: tuple[tuple[EntryId, int], ...] = ()
    moved_to: str = ""
    notices: tuple[str, ...] = ()
    rolled_over: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietPoll:
    """What a poll of `url` leaves behind that went well, brought nothing, and has nothing to tell: nearly every one."""

    feed_id: FeedId
    url: str
    poll_state: str
    polled_at: datetime
    next_poll_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatus:
    """A feed as `feeds list` and the notices show it. `walls`: what its pages were instead of articles, how often."""

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


def subscribe(tx: Connection, feeds: Mapping[str, str], *, now: datetime) -> None:
    """Makes the stored feeds those of the config (name -> url). New ones are due now; others rest, nothing is lost."""
    stored = {name: (feed, url, active) for feed, name, url, active in tx.exec_driver_sql(_STORED)}
    fresh = [{"name": name, "url": url, "next_poll_at": now} for name, url in feeds.items() if name not in stored]
    if fresh:
        tx.execute(insert(schema.feeds), fresh)
    for name, (feed, stored_url, active) in stored.items():
        url = feeds.get(name)
        if url is None and active:
            _set(tx, feed, active=False)
        elif url is not None and url != stored_url:
            _set(
                tx,
                feed,
                active=True,
                url=url,
                moved_to="",
                poll_state="",
                next_poll_at=now,
                last_error="",
                failing_since=None,
            )
            tx.execute(delete(schema.listings).where(schema.listings.c.feed_id == feed))
        elif url is not None and not active:
            _set(tx, feed, active=True, next_poll_at=now)


def void_claims(tx: Connection) -> None:
    """Frees every claim that a former process left; it costs the feed nothing."""
    tx.execute(update(schema.feeds).where(schema.feeds.c.lease_until.is_not(None)).values(lease_until=None))


def make_due(tx: Connection, *, now: datetime) -> None:
    """Makes every subscribed feed due now."""
    tx.execute(update(schema.feeds).where(schema.feeds.c.active).values(next_poll_at=now))


def claim(
    tx: Connection, *, now: datetime, limit: int, lease: timedelta, due_by: datetime | None = None
) -> list[ClaimedFeed]:
    """Up to `limit` feeds that are due now (or were at `due_by`), longest due first, ours until `now + lease`."""
    feeds, listings = schema.feeds.c, schema.listings.c
    due = (
        select(feeds.id, feeds.name, feeds.url, feeds.moved_to, feeds.poll_state, listings.rows, listings.marked_on)
        .select_from(schema.feeds.outerjoin(schema.listings, listings.feed_id == feeds.id))
        .where(_ACTIVE, feeds.next_poll_at <= (due_by or now), feeds.lease_until.is_(None))
        .order_by(feeds.next_poll_at)
        .limit(limit)
    )
    claimed = [
        ClaimedFeed(
            id=row.id,
            name=row.name,
            url=_address(row),
            poll_state=row.poll_state,
            listing=row.rows or b"",
            marked_on=row.marked_on,
        )
        for row in tx.execute(due)
    ]
    if claimed:
        ids = [feed.id for feed in claimed]
        tx.execute(update(schema.feeds).where(feeds.id.in_(ids)).values(lease_until=now + lease))
    return claimed


def put_off(tx: Connection, feeds: Iterable[tuple[FeedId, datetime]]) -> None:
    """Gives claims back unused; each feed is due again at its moment."""
    if rows := [{"feed": feed, "later": due_at} for feed, due_at in feeds]:
        tx.execute(_PUT_OFF, rows)


def free_expired(tx: Connection, *, now: datetime) -> None:
    """Frees the claims whose lease ended."""
    tx.execute(update(schema.feeds).where(schema.feeds.c.lease_until <= now).values(lease_until=None))


def find_known(tx: Connection, keys: Iterable[int]) -> dict[int, KnownRow]:
    """Which of the keys are known, and what is on record of their entries."""
    found: dict[int, KnownRow] = {}
    asked = json.dumps(list(keys))  # one parameter, whose number SQLite does not limit
    for row in tx.exec_driver_sql(_FIND, (asked,)):
        found[row.key] = KnownRow(
            entry_id=row.entry_id,
            feed_id=row.feed_id,
            content_hash=row.content_hash or 0,
            matched=row.state is None or row.outcome in ("matched", "duplicate"),
            times_ingested=row.times_ingested or 0,
        )
    return found


def settle_poll(
    tx: Connection,
    feed_id: FeedId,
    keys: Iterable[int],
    decide: Callable[[Mapping[int, KnownRow]], PollRecord],
    *,
    ops: Iterable[str] = (),
    now: datetime,
) -> tuple[PollRecord, int]:
    """Records what `decide` makes of what is known under the keys; in between, no other feed can bring the same."""
    asked = tuple(keys)
    record = decide(find_known(tx, asked) if asked else {})
    return record, record_poll(tx, feed_id, record, ops=ops, now=now)


def record_poll(tx: Connection, feed_id: FeedId, record: PollRecord, *, ops: Iterable[str] = (), now: datetime) -> int:
    """What a poll found, whole: entries, their keys, the feed's health and next time. Returns how many to ingest.

    None of the new entries' keys may be known. `ops`: the channels that hear the notices.
    """
    row = tx.exec_driver_sql(_FEED, (feed_id,)).one()
    intake.insert_entries(tx, feed_id, record.new, first=row.last_success_at is None and not record.error, now=now)
    for changed in record.changed:
        intake.reopen_entry(tx, changed, now=now)
    for entry_id, key in record.learned:
        intake.remember(tx, [(key, entry_id)], feed_id, now=now)
    intake.mark_seen(tx, record.seen, now=now)
    for channel in ops:
        for notice in record.notices:
            deliveries.notify(tx, channel, notice, now=now)
    _tell_roll_over(tx, row, record.rolled_over, ops=ops, now=now)
    _note_poll(tx, row, record, now=now)
    return len(record.new) + len(record.changed)


def settle_quiet_polls(tx: Connection, polls: Sequence[QuietPoll]) -> None:
    """Records them. A feed that got another address meanwhile is only released: of that one nothing is known yet."""
    moment = schema.microseconds
    tx.exec_driver_sql(
        _QUIET,
        [
            (poll.poll_state, moment(poll.next_poll_at), moment(poll.polled_at), moment(poll.polled_at), *_at(poll))
            for poll in polls
        ],
    )
    tx.exec_driver_sql(_LEFT, [_at(poll) for poll in polls])


def _at(poll: QuietPoll) -> tuple[FeedId, str]:
    return poll.feed_id, poll.url


def release(tx: Connection, feed_id: FeedId) -> None:
    """Gives a claim back unused."""
    _set(tx, feed_id, lease_until=None)


def _tell_roll_over(
    tx: Connection, row: Row[Any], rolled_over: bool | None, *, ops: Iterable[str], now: datetime
) -> None:
    """Told when it begins, and when it was not seen for a day."""
    name = f"rolled over {row.name}"
    if rolled_over:
        message = f"Feed {row.name} listed nothing that it had before: entries may be missed; it is polled faster now"
        incidents.begin(tx, name, message, ops=ops, now=now)
    elif rolled_over is False and row.rolls:
        message = f"Feed {row.name} is polled fast enough again: no entries were missed for a day"
        incidents.end(tx, name, message, ops=ops, now=now, calm=_CALM)


def statuses(tx: Connection) -> list[FeedStatus]:
    """Every subscribed feed, by name, with the number of entries on record."""
    counts = select(schema.entries.c.feed_id, func.count()).group_by(schema.entries.c.feed_id)
    entries: dict[int, int] = {row[0]: row[1] for row in tx.execute(counts)}
    walls = pages.walls(tx)
    rows = tx.execute(select(schema.feeds).where(schema.feeds.c.active).order_by(schema.feeds.c.name))
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
        )
        for row in rows
    ]


def first_polls_open(tx: Connection, *, now: datetime) -> bool:
    """Whether a feed waits for its first poll, or an entry of a first poll has not ended."""
    feeds, entries = schema.feeds.c, schema.entries.c
    waiting = and_(
        _ACTIVE, feeds.last_polled_at.is_(None), or_(feeds.next_poll_at <= now, feeds.lease_until.is_not(None))
    )
    if tx.execute(select(feeds.id).where(waiting).limit(1)).first():
        return True
    open_entry = and_(_IN_FIRST_POLL, entries.state != "done")
    return tx.execute(select(entries.id).where(open_entry).limit(1)).first() is not None


def _note_poll(tx: Connection, row: Row[Any], record: PollRecord, *, now: datetime) -> None:
    if record.url != _address(row):  # the config gave it another one meanwhile, which is due and unknown yet
        release(tx, FeedId(row.id))
        return
    was_read = record.listing is not None or bool(record.seen or record.new)
    moment = schema.microseconds(now)
    health = (
        record.poll_state,
        schema.microseconds(record.next_poll_at),
        record.error[:500],
        moment,
        (row.failing_since or moment) if record.error else None,
        row.last_success_at if record.error else moment,
        schema.day_of(now) if was_read else row.listed_on,
        record.moved_to or row.moved_to,
        record.title[:500] or row.title,
        row.id,
    )
    tx.exec_driver_sql(_NOTED, health)
    if record.listing is not None:
        listed = (row.id, record.listing, schema.day_of(now))
        tx.exec_driver_sql(_MARKED if record.marked else _LISTED, listed)


def _address(row: Any) -> str:
    return str(row.moved_to or row.url)


def _set(tx: Connection, feed_id: int, **values: object) -> None:
    tx.execute(update(schema.feeds).where(schema.feeds.c.id == feed_id).values(**values))
