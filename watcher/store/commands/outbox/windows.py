"""Releases held deliveries whose window has closed. A `Gate` of the caller decides when a channel may be notified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, repeat
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, exists, func, or_, select, update

from watcher.model import AlertKind, DeliveryState
from watcher.store import schema
from watcher.store.commands.outbox.digests import hold_back_row
from watcher.store.dialect import Instant, deciding
from watcher.store.queries.feed_status import first_polls_open

FILE_PATIENCE = timedelta(minutes=5)  # how long a delivery waits for the file of its document
HOUR = timedelta(hours=1)
Gate = Callable[[str, AlertKind, bool, Sequence[datetime]], tuple[datetime, str]]
"""Channel, kind, urgent?, moments of its deliveries in the last hour -> when to release it, and the reason to wait.

A moment that is not after now means that the delivery may be released at once.
"""
_HELD, _PENDING = DeliveryState.HELD.value, DeliveryState.PENDING.value
_DIGEST, _SUMMARY = AlertKind.DIGEST.value, AlertKind.SUMMARY.value
_rows, _links = schema.deliveries.c, schema.delivery_documents.c
_now = bindparam("now", type_=Instant)
_LACKS_A_FILE = exists(
    select(_links.delivery)
    .join(schema.documents, schema.documents.c.number == _links.document)
    .where(
        _links.delivery == _rows.sequence,
        schema.documents.c.written_at.is_(None),
        schema.documents.c.recorded_at > bindparam("patient_since", type_=Instant),
    )
)
_WAITS_FOR_BACKFILL = exists(
    select(schema.backfills.c.id).where(schema.backfills.c.id == _rows.backfill, schema.backfills.c.ended_at.is_(None))
)
_CLOSED = (
    select(schema.deliveries)
    .where(_rows.state == _HELD, or_(_rows.release_at <= _now, _rows.kind == _SUMMARY), ~_LACKS_A_FILE)
    .where(~_WAITS_FOR_BACKFILL)
    .order_by(_rows.channel, _rows.sequence)
)
_RELEASE = (
    update(schema.deliveries)
    .where(_rows.sequence == bindparam("of"))
    .values(state=bindparam("to"), release_at=_now, due_at=_now)
)
_PARKED = select(schema.channels.c.name).where(schema.channels.c.parked_at.is_not(None))
_DELIVERED_AT = select(_rows.ended_at).where(
    func.coalesce(_rows.state, "") == DeliveryState.DELIVERED.value,  # coalesce: SQLite is to use the index on ended_at
    _rows.channel == bindparam("name"),
    _rows.ended_at > bindparam("since", type_=Instant),
    _rows.ended_at <= _now,
)
_COUNT_IN_TRANSIT = select(func.count()).where(
    _rows.channel == bindparam("name"),
    or_(_rows.state == _PENDING, _rows.state == DeliveryState.SENDING.value),
)


class _RecentDeliveries(Sequence[datetime]):
    """The moments of a channel's deliveries in the last hour, oldest first; those in transit count as delivered now.

    They are read when they are first used: most channels have no limit, so that their gate never looks.
    """

    def __init__(self, tx: Connection, channel: str, now: datetime) -> None:
        self._tx, self._channel, self._now = tx, channel, now
        self._moments: list[datetime] | None = None
        self._further = 0

    def add(self) -> None:
        """Counts one more, released now. Its row must not be released before the moments are first used."""
        self._further += 1

    def __len__(self) -> int:
        return len(self._read()) + self._further

    def __getitem__(self, index: Any) -> Any:
        return [*self._read(), *[self._now] * self._further][index]

    def __iter__(self) -> Iterator[datetime]:
        yield from self._read()
        yield from repeat(self._now, self._further)

    def _read(self) -> list[datetime]:
        if self._moments is None:
            of = {"name": self._channel, "since": self._now - HOUR, "now": self._now}
            in_transit = self._tx.execute(_COUNT_IN_TRANSIT, of).scalar_one()
            self._moments = sorted(self._tx.execute(_DELIVERED_AT, of).scalars()) + [self._now] * in_transit
        return self._moments


def release_closed(tx: Connection, gate: Gate, *, now: datetime) -> None:
    """Releases held deliveries whose window closed and whose files are written, or collects them into a digest.

    Summaries of first polls are released as soon as no first poll is open, before their window closes; those of a
    backfill once it has ended.
    """
    deciding(tx)
    found: Sequence[Row[Any]] = tx.execute(_CLOSED, {"now": now, "patient_since": now - FILE_PATIENCE}).all()
    if any(row.release_at > now for row in found) and first_polls_open(tx, now=now):
        found = [row for row in found if row.release_at <= now]
    if not found:
        return
    parked = set(tx.execute(_PARKED).scalars())
    for channel, waiting in groupby(found, key=lambda row: str(row.channel)):
        recent, released = _RecentDeliveries(tx, channel, now), []
        for row in waiting:
            at, reason = gate(channel, AlertKind(row.kind), row.urgent, recent)
            if at > now:
                hold_back_row(tx, row, until=at, reason=reason, now=now)
            else:
                released.append(row.sequence)
                recent.add()
        state = DeliveryState.PARKED.value if channel in parked else _PENDING
        if released:
            tx.execute(_RELEASE, [{"of": sequence, "to": state, "now": now} for sequence in released])


def close_windows(tx: Connection, *, now: datetime) -> None:
    """Ends every group window, for `once`, which does not wait. Digests stay held."""
    rows = schema.deliveries.c
    in_window = and_(rows.state == _HELD, rows.kind != AlertKind.DIGEST.value)
    tx.execute(update(schema.deliveries).where(in_window).values(release_at=now))


def correct_clock_skew(tx: Connection, latest: Mapping[str, datetime], *, patience: timedelta, now: datetime) -> None:
    """Corrects moments that a fast clock has set too far ahead.

    `latest`: channel -> the latest moment for which a digest of it can be planned. All other deliveries wait for
    `patience` at most.
    """
    rows, states = schema.deliveries.c, schema.channels.c
    far = now + patience
    late_pending = and_(rows.state == _PENDING, rows.due_at > far)
    tx.execute(update(schema.deliveries).where(late_pending).values(due_at=now))
    late_held = and_(rows.state == _HELD, rows.kind != AlertKind.DIGEST.value, rows.release_at > far)
    tx.execute(update(schema.deliveries).where(late_held).values(release_at=now))
    for channel, moment in latest.items():
        digests = and_(rows.channel == channel, rows.state == _HELD, rows.kind == AlertKind.DIGEST.value)
        tx.execute(update(schema.deliveries).where(digests, rows.release_at > moment).values(release_at=moment))
    tx.execute(update(schema.channels).where(states.paused_until > far).values(paused_until=None))
