"""Held deliveries: those whose window closed go on their way, those that must wait are collected into a digest.

When a channel may be told is not decided here: a `Gate` says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, or_, select, update

from watcher.model import AlertKind, DeliveryState
from watcher.store import feeds, schema
from watcher.store.deliveries import hold, link, open_collection

FILE_PATIENCE = timedelta(minutes=5)  # how long a delivery waits for the file of its document
HOUR = timedelta(hours=1)
_MESSAGE_LIMIT = 4000  # characters

Gate = Callable[[str, AlertKind, bool, Sequence[datetime]], tuple[datetime, str]]
"""Channel, kind, urgent?, when it was told in the last hour -> when it may be told, and why not before.

A moment that is not after now: it may be told at once.
"""

_HELD, _PENDING = DeliveryState.HELD.value, DeliveryState.PENDING.value
_UNDER_WAY = (_PENDING, DeliveryState.SENDING.value)
_IS_HELD = select(schema.deliveries.c.sequence).where(schema.deliveries.c.state == _HELD).limit(1)


def release(tx: Connection, gate: Gate, *, now: datetime) -> None:
    """Sends held deliveries whose window closed, and whose files stand, on their way, or collects them for later.

    Summaries of first polls whatever their window, as soon as no first poll is open.
    """
    rows = schema.deliveries.c
    if not tx.execute(_IS_HELD).first():  # as a rule, and this is asked every second
        return
    closed = rows.release_at <= now
    if not feeds.first_polls_open(tx, now=now):
        closed |= rows.kind == AlertKind.SUMMARY.value
    found = tx.execute(
        select(schema.deliveries)
        .where(rows.state == _HELD, closed, ~_owes_a_file(now))
        .order_by(rows.channel, rows.sequence)
    ).all()
    parked = set(tx.execute(select(schema.channels.c.name).where(schema.channels.c.parked_at.is_not(None))).scalars())
    for channel, waiting in groupby(found, key=lambda row: str(row.channel)):
        told = _told_since(tx, channel, now - HOUR, now=now)
        for row in waiting:
            at, reason = gate(channel, AlertKind(row.kind), row.urgent, told)
            if at > now:
                _hold_back(tx, row, until=at, reason=reason, now=now)
            else:
                state = DeliveryState.PARKED.value if channel in parked else _PENDING
                values = {"state": state, "release_at": now, "due_at": now}
                tx.execute(update(schema.deliveries).where(rows.sequence == row.sequence).values(values))
                told.append(now)


def hold_back(tx: Connection, closed: Mapping[str, tuple[datetime, str]], *, now: datetime) -> None:
    """Keeps what is on its way to channels that are quiet now until they are not; urgent ones go on.

    `closed`: channel -> until when, and why.
    """
    rows = schema.deliveries.c
    for channel, (until, reason) in closed.items():
        waiting = select(schema.deliveries).where(
            rows.channel == channel, rows.state == _PENDING, rows.due_at < until, ~rows.urgent
        )
        for row in tx.execute(waiting.order_by(rows.sequence)).all():
            _hold_back(tx, row, until=until, reason=reason, now=now)


def collect(
    tx: Connection, channel: str, taken: Iterable[Row[Any]], *, release_at: datetime, reason: str, now: datetime
) -> None:
    """Ends deliveries of a channel as expired; one digest tells their documents and messages instead."""
    taken = list(taken)
    if not taken:
        return
    rows = schema.deliveries.c
    own = rows.sequence.not_in([row.sequence for row in taken])
    waits = or_(rows.release_at > now, rows.release_at >= release_at)
    digest = open_collection(tx, channel, AlertKind.DIGEST, own, waits)
    digest = digest or hold(tx, channel, AlertKind.DIGEST, release_at=release_at, message=reason, now=now)
    _add_messages(tx, digest, [reason, *(row.message for row in taken)])
    for row in taken:
        _retell(tx, row, digest)
        tx.execute(
            update(schema.deliveries)
            .where(rows.sequence == row.sequence)
            .values(state=DeliveryState.EXPIRED.value, ended_at=now, lease_until=None, told_in=digest)
        )


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


def _owes_a_file(now: datetime) -> Any:
    links, documents = schema.delivery_documents.c, schema.documents.c
    return exists(
        select(links.delivery)
        .join(schema.documents, documents.number == links.document)
        .where(
            links.delivery == schema.deliveries.c.sequence,
            documents.written_at.is_(None),
            documents.recorded_at > now - FILE_PATIENCE,
        )
    )


def _told_since(tx: Connection, channel: str, since: datetime, *, now: datetime) -> list[datetime]:
    """When the channel was told, oldest first; what is on its way counts as told now."""
    rows = schema.deliveries.c
    delivered = and_(rows.ended_at > since, rows.ended_at <= now, rows.state == DeliveryState.DELIVERED.value)
    ended = tx.execute(select(rows.ended_at).where(rows.channel == channel, delivered)).scalars()
    under_way = tx.execute(select(rows.sequence).where(rows.channel == channel, rows.state.in_(_UNDER_WAY))).all()
    return sorted(moment for moment in ended if moment) + [now] * len(under_way)


def _add_messages(tx: Connection, digest: int, messages: Iterable[str]) -> None:
    rows = schema.deliveries.c
    said = tx.execute(select(rows.message).where(rows.sequence == digest)).scalar_one()
    lines = said.split("\n") if said else []
    lines += [line for message in messages for line in message.split("\n") if line]
    joined = "\n".join(dict.fromkeys(lines))[:_MESSAGE_LIMIT]
    tx.execute(update(schema.deliveries).where(rows.sequence == digest).values(message=joined))


def _retell(tx: Connection, row: Row[Any], digest: int) -> None:
    """The digest tells what a delivery was to tell, and is remembered for it."""
    links, told, documents = schema.delivery_documents.c, schema.told.c, schema.documents.c
    for held in tx.execute(select(links.document, links.watches).where(links.delivery == row.sequence)).all():
        link(tx, digest, held.document, json.loads(held.watches))
        story = select(documents.story).where(documents.number == held.document).scalar_subquery()
        same = and_(told.channel == row.channel, told.story == story, told.delivery == row.sequence)
        tx.execute(update(schema.told).where(same).values(delivery=digest))
