"""Records polls. Everything that a poll found is written in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from watcher.model import FEED, ChangedEntry, EntryId, FeedId, KnownEntry, NewEntry, Sitemap
from watcher.store import raw_sql, schema
from watcher.store.commands import coverage, feed_incidents, outbox, polled_entries
from watcher.store.commands.coverage import PollCount
from watcher.store.commands.feeds import address, release
from watcher.store.commands.sitemaps import replace_sitemaps
from watcher.store.dialect import day_of, deciding, microseconds, upsert
from watcher.store.queries.feed_incidents import FeedIncident
from watcher.store.queries.known_entries import find_known

_ERROR_LENGTH, _PROBLEM_LENGTH, _TITLE_LENGTH, _LANGUAGE_LENGTH = 500, 1_000, 500, 35

_feeds, _languages, _bodies = schema.feeds.c, schema.feed_languages.c, schema.feed_bodies.c
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
    .where(_feeds.id == bindparam("feed"))
)
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
    if record.url != address(row):  # the config has another address since; that one is due, and unknown yet
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


def _microseconds(moment: datetime | None) -> int | None:
    return microseconds(moment) if moment else None
