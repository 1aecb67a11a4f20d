"""Held deliveries: those whose window closed go on their way, those that must wait are collected into a digest.

When a channel may be told is not decided here: a `Gate` says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, repeat
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, exists, func, or_, select, text, update

from watcher.model import AlertKind, DeliveryState
from watcher.store import feeds, schema
from watcher.store.deliveries import hold, link

FILE_PATIENCE = timedelta(minutes=5)  # how long a delivery waits for the file of its document
HOUR = timedelta(hours=1)
_MESSAGE_LIMIT = 4000  # characters

Gate = Callable[[str, AlertKind, bool, Sequence[datetime]], tuple[datetime, str]]
"""Channel, kind, urgent?, when it was told in the last hour -> when it may be told, and why not before.

A moment that is not after now: it may be told at once.
"""

_HELD, _PENDING = DeliveryState.HELD.value, DeliveryState.PENDING.value
_DIGEST, _SUMMARY = AlertKind.DIGEST.value, AlertKind.SUMMARY.value

# Statements of every match are made once: making one takes longer than carrying it out.
_ROWS, _LINKS, _TOLD = schema.deliveries.c, schema.delivery_documents.c, schema.told.c
_NOW = bindparam("now", type_=schema.Instant)
_OWES_A_FILE = exists(
    select(_LINKS.delivery)
    .join(schema.documents, schema.documents.c.number == _LINKS.document)
    .where(
        _LINKS.delivery == _ROWS.sequence,
        schema.documents.c.written_at.is_(None),
        schema.documents.c.recorded_at > bindparam("patient_since", type_=schema.Instant),
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
_QUIET = (
    select(schema.deliveries)
    .where(_ROWS.channel == bindparam("name"), _ROWS.state == _PENDING)
    .where(_ROWS.due_at < bindparam("until", type_=schema.Instant), ~_ROWS.urgent)
    .order_by(_ROWS.sequence)
)
_PARKED = select(schema.channels.c.name).where(schema.channels.c.parked_at.is_not(None))
_TOLD_AT = select(_ROWS.ended_at).where(
    text("+deliveries.state = 'delivered'"),  # by the index of what ended: a channel was told much before this hour
    _ROWS.channel == bindparam("name"),
    _ROWS.ended_at > bindparam("since", type_=schema.Instant),
    _ROWS.ended_at <= _NOW,
)
_COUNT_UNDER_WAY = select(func.count()).where(
    _ROWS.channel == bindparam("name"), or_(_ROWS.state == _PENDING, _ROWS.state == DeliveryState.SENDING.value)
)
_HELD_DIGESTS = (
    select(_ROWS.sequence, _ROWS.release_at)
    .where(_ROWS.channel == bindparam("name"), _ROWS.state == _HELD, _ROWS.kind == _DIGEST)
    .order_by(_ROWS.sequence)
)
_EXPIRE = (
    update(schema.deliveries)
    .where(_ROWS.sequence == bindparam("of"))
    .values(state=DeliveryState.EXPIRED.value, ended_at=_NOW, lease_until=None, told_in=bindparam("digest"))
)
_MESSAGE = select(_ROWS.message).where(_ROWS.sequence == bindparam("of"))
_SAY = update(schema.deliveries).where(_ROWS.sequence == bindparam("of")).values(message=bindparam("said"))
_LINKS_OF = select(_LINKS.document, _LINKS.watches).where(_LINKS.delivery == bindparam("of"))
_RETELL = (
    update(schema.told)
    .where(
        _TOLD.channel == bindparam("name"),
        _TOLD.story
        == select(schema.documents.c.story).where(schema.documents.c.number == bindparam("telling")).scalar_subquery(),
        _TOLD.delivery == bindparam("of"),
    )
    .values(delivery=bindparam("digest"))
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


def release(tx: Connection, gate: Gate, *, now: datetime) -> None:
    """Sends held deliveries whose window closed, and whose files stand, on their way, or collects them for later.

    Summaries of first polls whatever their window, as soon as no first poll is open.
    """
    found: Sequence[Row[Any]] = tx.execute(_CLOSED, {"now": now, "patient_since": now - FILE_PATIENCE}).all()
    if any(row.release_at > now for row in found) and feeds.first_polls_open(tx, now=now):
        found = [row for row in found if row.release_at <= now]
    if not found:
        return
    parked = set(tx.execute(_PARKED).scalars())
    for channel, waiting in groupby(found, key=lambda row: str(row.channel)):
        told, released = _ToldLately(tx, channel, now), []
        for row in waiting:
            at, reason = gate(channel, AlertKind(row.kind), row.urgent, told)
            if at > now:
                _hold_back(tx, row, until=at, reason=reason, now=now)
            else:
                released.append(row.sequence)
                told.add()
        state = DeliveryState.PARKED.value if channel in parked else _PENDING
        if released:
            tx.execute(_RELEASE, [{"of": sequence, "to": state, "now": now} for sequence in released])


def hold_back(tx: Connection, closed: Mapping[str, tuple[datetime, str]], *, now: datetime) -> None:
    """Keeps what is on its way to channels that are quiet now until they are not; urgent ones go on.

    `closed`: channel -> until when, and why.
    """
    for channel, (until, reason) in closed.items():
        for row in tx.execute(_QUIET, {"name": channel, "until": until}).all():
            _hold_back(tx, row, until=until, reason=reason, now=now)


def collect(
    tx: Connection, channel: str, taken: Iterable[Row[Any]], *, release_at: datetime, reason: str, now: datetime
) -> None:
    """Ends deliveries of a channel as expired; one digest tells their documents and messages instead."""
    taken = list(taken)
    if not taken:
        return
    digest = _open_digest(tx, channel, {row.sequence for row in taken}, release_at=release_at, now=now)
    digest = digest or hold(tx, channel, AlertKind.DIGEST, release_at=release_at, message=reason, now=now)
    _add_messages(tx, digest, [reason, *(row.message for row in taken)])
    for row in taken:
        _retell(tx, row, digest)
    tx.execute(_EXPIRE, [{"of": row.sequence, "now": now, "digest": digest} for row in taken])


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


def _hold_back(tx: Connection, row: Row[Any], *, until: datetime, reason: str, now: datetime) -> None:
    """A digest waits as it is; so does what may have been shown already: only under its own name is it told once."""
    rows = schema.deliveries.c
    if row.kind == AlertKind.DIGEST.value or row.uncertain:
        moment = {"release_at": until} if row.state == _HELD else {"due_at": until}
        tx.execute(update(schema.deliveries).where(rows.sequence == row.sequence).values(moment))
    else:
        collect(tx, row.channel, [row], release_at=until, reason=reason, now=now)


def _open_digest(
    tx: Connection, channel: str, taken: Collection[int], *, release_at: datetime, now: datetime
) -> int | None:
    """The channel's held digest that still takes documents in: not one of those taken, and not to be told before."""
    for row in tx.execute(_HELD_DIGESTS, {"name": channel}):
        if row.sequence not in taken and (row.release_at > now or row.release_at >= release_at):
            return int(row.sequence)
    return None


def _add_messages(tx: Connection, digest: int, messages: Iterable[str]) -> None:
    said = tx.execute(_MESSAGE, {"of": digest}).scalar_one()
    lines = said.split("\n") if said else []
    lines += [line for message in messages for line in message.split("\n") if line]
    joined = "\n".join(dict.fromkeys(lines))[:_MESSAGE_LIMIT]
    if joined != said:
        tx.execute(_SAY, {"of": digest, "said": joined})


def _retell(tx: Connection, row: Row[Any], digest: int) -> None:
    """The digest tells what a delivery was to tell, and is remembered for it."""
    held = tx.execute(_LINKS_OF, {"of": row.sequence}).all()
    for each in held:
        link(tx, digest, each.document, json.loads(each.watches))
    if held:
        told = {"name": row.channel, "of": row.sequence, "digest": digest}
        tx.execute(_RETELL, [told | {"telling": each.document} for each in held])
