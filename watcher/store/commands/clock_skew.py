"""Corrects moments that a clock wrote that was set back since: they would lie too far ahead.

Moments that lie ahead by less than `TOLERANCE` are right: the clocks of several workers differ a little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Connection, and_, case, exists, or_, select, text, type_coerce, update

from watcher.store import schema
from watcher.store.dialect import Instant, microseconds

TOLERANCE = timedelta(seconds=5)

# Literal: only then does SQLite use the partial indexes.
_PENDING, _CLAIMED = text("entries.state = 'pending'"), text("entries.state = 'claimed'")


def with_clock(tx: Connection, correct: Callable[..., int], clock: Callable[[], datetime]) -> int:
    """Corrects by the time at which the transaction runs. It may have waited for others that wrote moments."""
    return correct(tx, now=clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryWaits:
    """How far ahead an entry may be due: after a failed try, as one of many of its host, and after many changes.

    An entry has many changes if it was ingested at least `many` times.
    """

    retry: timedelta
    host: timedelta
    changed: timedelta
    many: int


def correct_feeds(tx: Connection, *, farthest: timedelta, host_wait: timedelta, lease: timedelta, now: datetime) -> int:
    """Moves the next poll of feeds whose last poll lies in the future; it keeps its distance from the last poll.

    No poll is planned later than `farthest` from now, and no first poll later than `host_wait`. Returns the number of
    corrected feeds.
    """
    feeds, ahead = schema.feeds.c, _latest(now)
    polled_ahead, held_too_long = feeds.last_polled_at > ahead, feeds.lease_until > ahead + lease
    unpolled = and_(feeds.last_polled_at.is_(None), feeds.next_poll_at > ahead + host_wait)
    too_far = or_(unpolled, feeds.next_poll_at > ahead + farthest)
    if not tx.execute(select(exists().where(or_(polled_ahead, held_too_long, too_far)))).scalar_one():
        return 0  # one scan of all feeds instead of three
    plan = type_coerce(feeds.next_poll_at, BigInteger) - type_coerce(feeds.last_polled_at, BigInteger)
    moved = type_coerce(type_coerce(microseconds(now), BigInteger) + plan, Instant)
    set_back = update(schema.feeds).where(polled_ahead)
    corrected = tx.execute(set_back.values(next_poll_at=moved, last_polled_at=now)).rowcount
    corrected += tx.execute(update(schema.feeds).where(too_far).values(next_poll_at=now)).rowcount
    tx.execute(update(schema.feeds).where(held_too_long).values(lease_until=now + lease))
    return corrected


def correct_entries(tx: Connection, *, waits: EntryWaits, lease: timedelta, now: datetime) -> int:
    """Makes entries due that wait for longer than they may, or were written in the future and not tried since.

    Returns their number.
    """
    entries, ahead = schema.entries.c, _latest(now)
    untried, first = entries.attempts == 0, entries.times_ingested == 0
    written_ahead = or_(and_(first, entries.seen_at > ahead), and_(~first, entries.ended_at > ahead))
    too_far = case(
        (~untried, entries.due_at > ahead + waits.retry),
        (entries.times_ingested >= waits.many, entries.due_at > ahead + waits.changed),
        else_=entries.due_at > ahead + waits.host,
    )
    late = and_(entries.due_at > ahead, or_(and_(untried, written_ahead), too_far))
    corrected = 0
    for state in (_PENDING, _CLAIMED):
        corrected += tx.execute(update(schema.entries).where(state, late).values(due_at=now)).rowcount
    held = and_(_CLAIMED, entries.lease_until > ahead + lease)
    tx.execute(update(schema.entries).where(held).values(lease_until=now + lease))
    return corrected


def correct_revisits(tx: Connection, *, farthest: timedelta, lease: timedelta, now: datetime) -> int:
    """Makes readings of pages due that would wait for longer than `farthest`. Returns their number."""
    rows, ahead = schema.revisits.c, _latest(now)
    early = update(schema.revisits).where(rows.archived_at > ahead, rows.due_at.is_not(None))
    tx.execute(early.values(archived_at=now))
    late = update(schema.revisits).where(rows.due_at > ahead + farthest)
    corrected = tx.execute(late.values(due_at=now)).rowcount
    held = update(schema.revisits).where(rows.lease_until > ahead + lease)
    tx.execute(held.values(lease_until=now + lease))
    return corrected


def _latest(now: datetime) -> datetime:
    """Returns the latest moment that another worker's clock may show now."""
    return now.astimezone(UTC) + TOLERANCE  # in a local time zone, `+` would be wrong at the change in autumn
