"""Subscribes feeds, claims due ones and records polls. Everything that a poll found is written in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Integer, Row, Text, bindparam, delete, func, insert, select, update

from watcher.heap import gc_paused
from watcher.model import FEED, ChangedEntry, EntryId, FeedId, KnownEntry, NewEntry, Sitemap
from watcher.store import raw_sql, schema
from watcher.store.commands import coverage, feed_incidents, outbox, polled_entries
from watcher.store.commands.coverage import PollCount
from watcher.store.commands.sitemaps import replace_sitemaps
from watcher.store.dialect import (
    SHARDS_ASKED,
    Instant,
    column_of_shard,
    day_of,
    deciding,
    microseconds,
    upsert,
    values_of,
)
from watcher.store.queries.feed_incidents import FeedIncident
from watcher.store.queries.feed_status import ACTIVE
from watcher.store.queries.known_entries import find_known

_ERROR_LENGTH, _PROBLEM_LENGTH, _TITLE_LENGTH, _LANGUAGE_LENGTH = 500, 1_000, 500, 35

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
_FEED = (
    select(
        _feeds.id,
        _feeds.name,
        _feeds.url,
        _feeds.moved_to,
        _feeds.title,
        _feeds.active,
        _feeds.listed_on,
        _feeds.last_success_at,
        _feeds.failing_since,
        _languages.language,
        func.coalesce(_bodies.kind, FEED).label("kind"),
        func.coalesce(_bodies.problem, "").label("problem"),
        FeedIncident.ROLLED_OVER.is_open().label("rolls"),
        FeedIncident.SILENT.is_open().label("silent"),
    )
    .select_from(
        schema.feeds.outerjoin(schema.feed_languages, _languages.feed_id == _feeds.id).outerjoin(
            schema.feed_bodies, _bodies.feed_id == _feeds.id
        )
    )
    .where(_this_feed)
)
_STORED = select(_feeds.id, _feeds.name, _feeds.url).where(_feeds.name.in_(values_of("names", of=Text)))
_KEEP_LISTING = upsert(schema.listings)
_KEEP_MARKED_LISTING = _KEEP_LISTING.on_conflict_do_update(
    index_elements=["feed_id"],
    set_={"rows": _KEEP_LISTING.excluded.rows, "marked_on": _KEEP_LISTING.excluded.marked_on},
)
_KEEP_LISTING = _KEEP_LISTING.on_conflict_do_update(
    index_elements=["feed_id"], set_={"rows": _KEEP_LISTING.excluded.rows}
)
_KEEP_LANGUAGE = upsert(schema.feed_languages)
_KEEP_LANGUAGE = _KEEP_LANGUAGE.on_conflict_do_update(
    index_elements=["feed_id"], set_={"language": _KEEP_LANGUAGE.excluded.language}
)
_KEEP_BODY = upsert(schema.feed_bodies)
_KEEP_BODY = _KEEP_BODY.on_conflict_do_update(
    index_elements=["feed_id"], set_={"kind": _KEEP_BODY.excluded.kind, "problem": _KEEP_BODY.excluded.problem}
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRecord:
    """The result of one poll of `url`. `error` is "" after a success.

    `due_at`: as claimed. If the feed is due at another moment by now, it was made due during its poll: that one stays.
    `listing`: the packed listing of a body that was read; `language` (None: as before), `kind` and
    `problem`: of this body; `sitemaps`: those that it lists, None if it never listed any. `seen`: known
    keys that the body lists; `marked`: these are all of them. `learned`: further keys of known entries. `moved_to`: a
    lasting new address. `notices`: messages for the operator. `rolled_over`: whether nothing of the last body was
    left, so that entries may have been missed; None if the poll does not show it. `count`: for the coverage of its
    day; None: today's in UTC. `silence`: why the feed counts as silent, "" if it does not; `silent_since`: when it
    brought something last.
    """

    url: str
    poll_state: str
    next_poll_at: datetime
    error: str = ""
    title: str = ""
    language: str | None = ""
    kind: str = FEED
    problem: str = ""
    sitemaps: tuple[Sitemap, ...] | None = None
    new: tuple[NewEntry, ...] = ()
    changed: tuple[ChangedEntry, ...] = ()
    listing: bytes | None = None
    seen: tuple[int, ...] = ()
    marked: bool = False
    learned: tuple[tuple[EntryId, int], ...] = ()
    moved_to: str = ""
    notices: tuple[str, ...] = ()
    rolled_over: bool | None = None
    count: PollCount | None = None
    silence: str = ""
    silent_since: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietPoll:
    """The result of a successful poll of `url` that found no entries and has no message for the operator.

    Nearly every poll is one.
    """

    feed_id: FeedId
    url: str
    poll_state: str
    polled_at: datetime
    next_poll_at: datetime
    count: PollCount | None = None
    due_at: datetime | None = None


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
            url=_address(row),
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


def settle_poll(
    tx: Connection,
    feed_id: FeedId,
    keys: Iterable[int],
    decide: Callable[[Mapping[int, KnownEntry]], PollRecord],
    *,
    ops: Iterable[str] = (),
    now: datetime,
) -> tuple[PollRecord, int]:
    """Looks the keys up, lets `decide` plan with what is known under them, and records the result.

    All of it is one transaction, so no other feed can bring the same entry in between. Returns the record and the
    number of entries to ingest.
    """
    asked = tuple(keys)
    if asked:
        deciding(tx)
    record = decide(find_known(tx, feed_id, asked) if asked else {})
    return record, record_poll(tx, feed_id, record, ops=ops, now=now)


def record_poll(tx: Connection, feed_id: FeedId, record: PollRecord, *, ops: Iterable[str] = (), now: datetime) -> int:
    """Records a poll: entries, their keys, the feed's health and its next poll. Returns the number to ingest.

    None of the new entries' keys may be known. `ops`: the channels that receive the notices.
    """
    row: Any = tx.execute(_FEED, {"feed": feed_id}).one()
    is_first = row.last_success_at is None and not record.error
    count = record.count or PollCount(day=day_of(now))
    coverage.count_poll(tx, feed_id, count, failed=bool(record.error), new=len(record.new))
    polled_entries.insert_entries(tx, feed_id, record.new, in_first_poll=is_first, day=count.day, now=now)
    for changed in record.changed:
        polled_entries.reopen_entry(tx, changed, now=now)
    if record.learned:
        polled_entries.remember(tx, [(key, entry_id) for entry_id, key in record.learned], feed_id, now=now)
    polled_entries.mark_seen(tx, record.seen, now=now)
    for channel in ops:
        for notice in record.notices:
            outbox.notify(tx, channel, notice, now=now)
    _record_incidents(tx, row, record, brought=bool(record.new or count.known), ops=ops, now=now)
    _record_health(tx, row, record, now=now)
    return len(record.new) + len(record.changed)


def settle_quiet_polls(tx: Connection, polls: Sequence[QuietPoll]) -> None:
    """Records polls that found nothing. A feed whose address has changed since is only released: it must be polled."""
    rows = []
    for poll in polls:
        polled_at = microseconds(poll.polled_at)
        next_poll_at = _microseconds(poll.due_at), microseconds(poll.next_poll_at)
        rows.append((poll.poll_state, *next_poll_at, polled_at, polled_at, poll.feed_id, poll.url))
    raw_sql.SETTLE_QUIET_POLL.execute(tx, rows)
    raw_sql.RELEASE_MOVED_FEED.execute(tx, [(poll.feed_id, poll.url) for poll in polls])
    coverage.count_quiet_polls(
        tx, ((poll.feed_id, poll.count or PollCount(day=day_of(poll.polled_at))) for poll in polls)
    )


def release(tx: Connection, feed_id: FeedId) -> None:
    """Gives a claim back unused."""
    _set(tx, feed_id, lease_until=None)


def _record_incidents(
    tx: Connection, row: Row[Any], record: PollRecord, *, brought: bool, ops: Iterable[str], now: datetime
) -> None:
    """Begins and ends the incidents that a poll shows. `brought`: it named entries that its feed had not named before.

    An incident that was not open is not asked for: nearly all polls end there. A feed that was removed or muted during
    its poll has no incidents.
    """
    if not row.active:
        return
    if record.rolled_over or (record.rolled_over is False and row.rolls):
        feed_incidents.record_roll_over(tx, row.name, rolled_over=record.rolled_over, ops=ops, now=now)
    if brought and row.silent:
        feed_incidents.end_silence(tx, row.name, ops=ops, now=now)
    elif record.silence and not brought:
        feed_incidents.begin_silence(tx, row.name, record.silence, since=record.silent_since, ops=ops, now=now)


def _record_health(tx: Connection, row: Row[Any], record: PollRecord, *, now: datetime) -> None:
    if record.url != _address(row):  # the config has another address since; that one is due, and unknown yet
        release(tx, FeedId(row.id))
        return
    was_read = record.listing is not None or bool(record.seen or record.new)
    moment, failing_since = microseconds(now), row.failing_since or now
    last_success_at = row.last_success_at and microseconds(row.last_success_at)
    health = (
        record.poll_state,
        _microseconds(record.due_at),
        microseconds(record.next_poll_at),
        record.error[:_ERROR_LENGTH],
        moment,
        microseconds(failing_since) if record.error else None,
        last_success_at if record.error else moment,
        day_of(now) if was_read else row.listed_on,
        record.moved_to or row.moved_to,
        record.title[:_TITLE_LENGTH] or row.title,
        row.id,
    )
    raw_sql.RECORD_POLL.execute(tx, health)
    if record.listing is not None:
        listed = {"feed_id": row.id, "rows": record.listing, "marked_on": day_of(now)}
        tx.execute(_KEEP_MARKED_LISTING if record.marked else _KEEP_LISTING, listed)
        language = None if record.language is None else record.language[:_LANGUAGE_LENGTH]
        if language is not None and language != (row.language or ""):
            tx.execute(_KEEP_LANGUAGE, {"feed_id": row.id, "language": language})
        body = record.kind, record.problem[:_PROBLEM_LENGTH]
        if body != (row.kind, row.problem):
            tx.execute(_KEEP_BODY, {"feed_id": row.id, "kind": body[0], "problem": body[1]})
    if record.sitemaps is not None:
        replace_sitemaps(tx, FeedId(row.id), record.sitemaps)


def _address(row: Any) -> str:
    return str(row.moved_to or row.url)


def _microseconds(moment: datetime | None) -> int | None:
    return microseconds(moment) if moment else None


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
