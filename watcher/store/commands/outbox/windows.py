"""Releases held deliveries whose window has closed. A `Gate` of the caller decides when a channel may be notified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, repeat
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
    update,
)

from watcher.model import (
    AlertKind,
    DeliveryState,
)
from watcher.store import schema
from watcher.store.commands.outbox.digests import hold_back_row
from watcher.store.queries.feed_status import first_polls_open
from watcher.store.sql import Instant

FILE_PATIENCE = timedelta(minutes=5)  # how long a delivery waits for the file of its document
HOUR = timedelta(hours=1)
Gate = Callable[[str, AlertKind, bool, Sequence[datetime]], tuple[datetime, str]]
"""Channel, kind, urgent?, when it was told in the last hour -> when it may be told, and why not before.

A moment that is not after now: it may be told at once.
"""
_HELD, _PENDING = DeliveryState.HELD.value, DeliveryState.PENDING.value
_DIGEST, _SUMMARY = AlertKind.DIGEST.value, AlertKind.SUMMARY.value
# Statements of every match are made once: making one takes longer than carrying it out.
_ROWS, _LINKS, _TOLD = schema.deliveries.c, schema.delivery_documents.c, schema.told.c
_NOW = bindparam("now", type_=Instant)
_OWES_A_FILE = exists(
    select(_LINKS.delivery)
    .join(schema.documents, schema.documents.c.number == _LINKS.document)
    .where(
        _LINKS.delivery == _ROWS.sequence,
        schema.documents.c.written_at.is_(None),
        schema.documents.c.recorded_at > bindparam("patient_since", type_=Instant),
    )
)
_CLOSED = (
    select(schema.deliveries)
    .where(_ROWS.state == _HELD, or_(_ROWS.release_at <= _NOW, _ROWS.kind == _SUMMARY), ~_OWES_A_FILE)
    .order_by(_ROWS.channel, _ROWS.sequence)
)
_RELEASE = (
    update(schema.deliveries)
    .where(_ROWS.sequence == bindparam("of"))
    .values(state=bindparam("to"), release_at=_NOW, due_at=_NOW)
)
_PARKED = select(schema.channels.c.name).where(schema.channels.c.parked_at.is_not(None))
_TOLD_AT = select(_ROWS.ended_at).where(
    text("+deliveries.state = 'delivered'"),  # by the index of what ended: a channel was told much before this hour
    _ROWS.channel == bindparam("name"),
    _ROWS.ended_at > bindparam("since", type_=Instant),
    _ROWS.ended_at <= _NOW,
)
_COUNT_UNDER_WAY = select(func.count()).where(
    _ROWS.channel == bindparam("name"), or_(_ROWS.state == _PENDING, _ROWS.state == DeliveryState.SENDING.value)
)


class _ToldLately(Sequence[datetime]):
    """When a channel was told in the last hour, oldest first; what is on its way counts as told now.

    Read from the store when first looked at: most channels may be told at any time, however often they were.
    """

    def __init__(self, tx: Connection, channel: str, now: datetime) -> None:
        self._tx, self._channel, self._now = tx, channel, now
        self._moments: list[datetime] | None = None
        self._further = 0

    def add(self) -> None:
        """One more is told now. It must not be on record as under way before the first look."""
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
            under_way = self._tx.execute(_COUNT_UNDER_WAY, of).scalar_one()
            self._moments = sorted(self._tx.execute(_TOLD_AT, of).scalars()) + [self._now] * under_way
        return self._moments


def release_closed(tx: Connection, gate: Gate, *, now: datetime) -> None:
    """Sends held deliveries whose window closed, and whose files stand, on their way, or collects them for later.

    Summaries of first polls whatever their window, as soon as no first poll is open.
    """
    found: Sequence[Row[Any]] = tx.execute(_CLOSED, {"now": now, "patient_since": now - FILE_PATIENCE}).all()
    if any(row.release_at > now for row in found) and first_polls_open(tx, now=now):
        found = [row for row in found if row.release_at <= now]
    if not found:
        return
    parked = set(tx.execute(_PARKED).scalars())
    for channel, waiting in groupby(found, key=lambda row: str(row.channel)):
        told, released = _ToldLately(tx, channel, now), []
        for row in waiting:
            at, reason = gate(channel, AlertKind(row.kind), row.urgent, told)
            if at > now:
                hold_back_row(tx, row, until=at, reason=reason, now=now)
            else:
                released.append(row.sequence)
                told.add()
        state = DeliveryState.PARKED.value if channel in parked else _PENDING
        if released:
            tx.execute(_RELEASE, [{"of": sequence, "to": state, "now": now} for sequence in released])


def close_windows(tx: Connection, *, now: datetime) -> None:
    """Ends every group window: for `once`, which does not wait. What is collected for later stays."""
    rows = schema.deliveries.c
    in_window = and_(rows.state == _HELD, rows.kind != AlertKind.DIGEST.value)
    tx.execute(update(schema.deliveries).where(in_window).values(release_at=now))


def mend_clock(tx: Connection, latest: Mapping[str, datetime], *, patience: timedelta, now: datetime) -> None:
    """Frees what a clock that ran ahead has put off into a distant future.

    `latest`: channel -> the latest moment that a digest of it can be meant for; nothing else is put off for longer than
    `patience`.
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
