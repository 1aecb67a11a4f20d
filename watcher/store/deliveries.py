"""Rows of the outbox: what each channel is to be told, once per story and watch, and every attempt to tell it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from watcher.model import AlertKind, DeliveryId, DeliveryState, Outcome, StoryId
from watcher.store import schema

FILE_PATIENCE = timedelta(minutes=5)  # how long a delivery waits for the file of its document
SUMMARY_PATIENCE = timedelta(minutes=15)  # how long a summary waits for the last entries of a first poll

_OPEN = (DeliveryState.HELD, DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.PARKED)
_HELD, _PENDING, _SENDING = DeliveryState.HELD.value, DeliveryState.PENDING.value, DeliveryState.SENDING.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Whom to tell of a document: watch -> channels, and per channel when its window closes.

    `in_first_poll`: the channel gets one summary instead of an alert for each.
    """

    channels: Mapping[str, tuple[str, ...]]
    release_at: Mapping[str, datetime]
    in_first_poll: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A delivery that is ours to send. `documents`: number -> the watches it is told for, in the order found."""

    sequence: int
    id: DeliveryId
    channel: str
    kind: AlertKind
    message: str
    payload: bytes | None
    simplified: bool
    attempts: int
    created_at: datetime
    documents: Mapping[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt as it goes on record; `answer` is cut and free of secrets."""

    at: datetime
    outcome: Outcome
    status: int | None = None
    wait: timedelta | None = None
    duration: timedelta = timedelta()
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What becomes of a delivery after an attempt. `due_at` for PENDING; `pause_until` slows the whole channel.

    `payload`: the simpler bytes to go on with. `counts`: whether the attempt counts against its patience.
    """

    state: DeliveryState
    due_at: datetime | None = None
    pause_until: datetime | None = None
    payload: bytes | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """A delivery as `outbox` and `explain` show it."""

    sequence: int
    id: DeliveryId
    channel: str
    kind: AlertKind
    state: DeliveryState
    created_at: datetime
    due_at: datetime
    attempts: int
    last_answer: str
    ended_at: datetime | None
    documents: tuple[int, ...] = field(default=())


def tell(
    tx: Connection, telling: Telling, document: int, story: StoryId, watches: Iterable[str], *, now: datetime
) -> None:
    """Holds what each channel is to be told of a document; a channel that knows the story hears only of new watches."""
    by_channel: dict[str, list[str]] = {}
    for watch in watches:
        for channel in telling.channels.get(watch, ()):
            by_channel.setdefault(channel, []).append(watch)
    for channel, wanted in by_channel.items():
        _tell_channel(tx, telling, channel, document, story, wanted, now=now)


def _tell_channel(
    tx: Connection, telling: Telling, channel: str, document: int, story: StoryId, wanted: list[str], *, now: datetime
) -> None:
    told = schema.told.c
    known = set(tx.execute(select(told.watch).where(told.channel == channel, told.story == story)).scalars())
    fresh = [watch for watch in wanted if watch not in known]
    if telling.in_first_poll:
        sequence = _open_summary(tx, channel, now=now) if fresh else None
    else:
        sequence = _open_alert(tx, channel, story)
        if sequence is None and fresh:
            kind = AlertKind.FOLLOW_UP if known else AlertKind.ALERT
            sequence = _hold(tx, channel, kind, story=story, release_at=telling.release_at.get(channel, now), now=now)
    if sequence is None:
        return
    row = {"delivery": sequence, "document": document, "watches": json.dumps(fresh, ensure_ascii=False)}
    tx.execute(sqlite_insert(schema.delivery_documents).values(row).on_conflict_do_nothing())
    for watch in fresh:
        tx.execute(insert(schema.told).values(channel=channel, story=story, watch=watch, delivery=sequence))


def notify(tx: Connection, channel: str, message: str, *, kind: AlertKind = AlertKind.NOTICE, now: datetime) -> None:
    """Puts a plain message on its way to a channel."""
    _hold(tx, channel, kind, message=message, release_at=now, now=now)


def _hold(
    tx: Connection,
    channel: str,
    kind: AlertKind,
    *,
    release_at: datetime,
    now: datetime,
    story: StoryId | None = None,
    message: str = "",
) -> int:
    result = tx.execute(
        insert(schema.deliveries).values(
            id=str(uuid.uuid4()),
            channel=channel,
            kind=kind.value,
            story=story,
            message=message,
            state=_HELD,
            created_at=now,
            release_at=release_at,
            due_at=release_at,
        )
    )
    (sequence,) = result.inserted_primary_key or (0,)
    return int(sequence)


def _open_alert(tx: Connection, channel: str, story: StoryId) -> int | None:
    rows = schema.deliveries.c
    held = and_(rows.channel == channel, rows.story == story, rows.state == _HELD)
    return tx.execute(select(rows.sequence).where(held).limit(1)).scalar()


def _open_summary(tx: Connection, channel: str, *, now: datetime) -> int:
    rows = schema.deliveries.c
    held = and_(rows.channel == channel, rows.kind == AlertKind.SUMMARY.value, rows.state == _HELD)
    found = tx.execute(select(rows.sequence).where(held).limit(1)).scalar()
    return found or _hold(tx, channel, AlertKind.SUMMARY, release_at=now + SUMMARY_PATIENCE, now=now)


def release(tx: Connection, *, now: datetime, summaries: bool) -> int:
    """Moves held deliveries whose window closed, and whose files stand, to pending. Returns how many.

    `summaries`: those of first polls too, whatever their window.
    """
    rows = schema.deliveries.c
    closed = rows.release_at <= now
    if summaries:
        closed = or_(closed, rows.kind == AlertKind.SUMMARY.value)
    owed = exists(
        select(schema.delivery_documents.c.delivery)
        .join(schema.documents, schema.documents.c.number == schema.delivery_documents.c.document)
        .where(
            schema.delivery_documents.c.delivery == rows.sequence,
            schema.documents.c.written_at.is_(None),
            schema.documents.c.recorded_at > now - FILE_PATIENCE,
        )
    )
    result = tx.execute(
        update(schema.deliveries).where(rows.state == _HELD, closed, ~owed).values(state=_PENDING, due_at=now)
    )
    return result.rowcount


def close_windows(tx: Connection, *, now: datetime) -> None:
    """Ends every group window: for `once`, which does not wait."""
    tx.execute(update(schema.deliveries).where(schema.deliveries.c.state == _HELD).values(release_at=now))


def void_claims(tx: Connection) -> int:
    """Frees every claim of a former process. Whether it was sent is unknown; it is sent again with the same id."""
    rows = schema.deliveries.c
    result = tx.execute(
        update(schema.deliveries)
        .where(rows.state == _SENDING)
        .values(state=_PENDING, lease_until=None, last_answer="interrupted while sending")
    )
    return result.rowcount


def claim(tx: Connection, channels: Iterable[str], *, now: datetime, lease: timedelta) -> list[ClaimedDelivery]:
    """The oldest due delivery of each channel that is neither parked, paused nor busy."""
    rows, states = schema.deliveries.c, schema.channels.c
    lost = and_(rows.state == _SENDING, rows.lease_until <= now)
    tx.execute(update(schema.deliveries).where(lost).values(state=_PENDING, lease_until=None, due_at=now))
    busy = select(rows.channel).where(rows.state == _SENDING)
    closed = select(states.name).where(or_(states.parked_at.is_not(None), states.paused_until > now))
    oldest = (
        select(func.min(rows.sequence))
        .where(
            rows.state == _PENDING,
            rows.due_at <= now,
            rows.channel.in_(list(channels)),
            rows.channel.not_in(busy),
            rows.channel.not_in(closed),
        )
        .group_by(rows.channel)
    )
    found = tx.execute(select(schema.deliveries).where(rows.sequence.in_(oldest)).order_by(rows.sequence)).all()
    if found:
        taken = rows.sequence.in_([row.sequence for row in found])
        tx.execute(update(schema.deliveries).where(taken).values(state=_SENDING, lease_until=now + lease))
    return [_claimed(tx, row) for row in found]


def keep_payload(tx: Connection, sequence: int, payload: bytes) -> None:
    """Keeps the rendered bytes before they are first sent; every repeat sends the same."""
    tx.execute(update(schema.deliveries).where(schema.deliveries.c.sequence == sequence).values(payload=payload))


def settle(tx: Connection, delivery: ClaimedDelivery, attempt: Attempt, then: Next) -> None:
    """Puts an attempt on record, and what becomes of the delivery and its channel."""
    ended = then.state in (DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.EXPIRED)
    values: dict[str, Any] = {
        "state": then.state.value,
        "lease_until": None,
        "last_answer": attempt.answer[:200],
        "attempts": schema.deliveries.c.attempts + int(then.counts),
        "ended_at": attempt.at if ended else None,
    }
    if then.due_at is not None:
        values["due_at"] = then.due_at
    if then.payload is not None:
        values |= {"payload": then.payload, "simplified": True}
    tx.execute(update(schema.deliveries).where(schema.deliveries.c.sequence == delivery.sequence).values(**values))
    tx.execute(
        insert(schema.attempts).values(
            delivery=delivery.sequence,
            at=attempt.at,
            outcome=attempt.outcome.value,
            status=attempt.status,
            wait_seconds=attempt.wait.total_seconds() if attempt.wait else None,
            seconds=attempt.duration.total_seconds(),
            answer=attempt.answer[:200],
        )
    )
    if then.pause_until is not None:
        _set_channel(tx, delivery.channel, paused_until=then.pause_until)
    if then.state is DeliveryState.PARKED:
        park(tx, delivery.channel, reason=attempt.answer, now=attempt.at)


def park(tx: Connection, channel: str, *, reason: str, now: datetime) -> None:
    """Stops a channel and keeps its queue."""
    rows = schema.deliveries.c
    _set_channel(tx, channel, parked_at=now, parked_reason=reason[:200])
    waiting = and_(rows.channel == channel, rows.state.in_((_PENDING, _SENDING)))
    tx.execute(update(schema.deliveries).where(waiting).values(state=DeliveryState.PARKED.value, lease_until=None))


def resume(tx: Connection, channel: str, *, now: datetime) -> int:
    """Starts a parked channel again; its queue is due now. Returns how many deliveries wait."""
    rows = schema.deliveries.c
    tx.execute(delete(schema.channels).where(schema.channels.c.name == channel))
    parked = and_(rows.channel == channel, rows.state == DeliveryState.PARKED.value)
    return tx.execute(update(schema.deliveries).where(parked).values(state=_PENDING, due_at=now)).rowcount


def parked(tx: Connection) -> dict[str, str]:
    """The parked channels, with the reason."""
    rows = schema.channels.c
    return {
        row.name: row.parked_reason for row in tx.execute(select(schema.channels).where(rows.parked_at.is_not(None)))
    }


def count_open(tx: Connection) -> dict[str, int]:
    """How many deliveries have not ended, by channel."""
    rows = schema.deliveries.c
    still = rows.state.in_([state.value for state in _OPEN])
    return dict(tx.execute(select(rows.channel, func.count()).where(still).group_by(rows.channel)).tuples().all())


def count_by_state(tx: Connection, *, since: datetime) -> dict[str, int]:
    """How many deliveries stand in each state, of those that are open or ended since then."""
    rows = schema.deliveries.c
    recent = or_(rows.ended_at.is_(None), rows.ended_at >= since)
    return dict(tx.execute(select(rows.state, func.count()).where(recent).group_by(rows.state)).tuples().all())


def next_due_at(tx: Connection, channels: Iterable[str], *, now: datetime) -> datetime | None:
    """When a delivery of these channels may go next (pauses counted in), None if none waits or is in the way."""
    rows, states = schema.deliveries.c, schema.channels.c
    earliest = func.max(rows.due_at, func.coalesce(states.paused_until, 0), type_=schema.Instant())
    waiting = (
        select(earliest)
        .select_from(schema.deliveries.outerjoin(schema.channels, states.name == rows.channel))
        .where(rows.state == _PENDING, rows.channel.in_(list(channels)), states.parked_at.is_(None))
        .order_by(earliest)
        .limit(1)
    )
    return tx.execute(waiting).scalar()


def of_document(tx: Connection, document: int) -> list[DeliveryStatus]:
    """The deliveries that told, or will tell, of a document."""
    rows, links = schema.deliveries.c, schema.delivery_documents.c
    found = tx.execute(
        select(schema.deliveries)
        .join(schema.delivery_documents, links.delivery == rows.sequence)
        .where(links.document == document)
        .order_by(rows.sequence)
    )
    return [_status(tx, row) for row in found.all()]


def search(tx: Connection, where: Callable[[Any], Any] | None = None, *, limit: int = 200) -> list[DeliveryStatus]:
    """Deliveries, oldest first: those that have not ended, or those that `where` (given the columns) picks."""
    rows = schema.deliveries.c
    condition = where(rows) if where else rows.state.in_([state.value for state in _OPEN])
    found = tx.execute(select(schema.deliveries).where(condition).order_by(rows.sequence).limit(limit))
    return [_status(tx, row) for row in found.all()]


def _set_channel(tx: Connection, name: str, **values: Any) -> None:
    statement = sqlite_insert(schema.channels).values(name=name, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def _claimed(tx: Connection, row: Row[Any]) -> ClaimedDelivery:
    links = schema.delivery_documents.c
    documents = tx.execute(
        select(links.document, links.watches).where(links.delivery == row.sequence).order_by(links.document)
    )
    return ClaimedDelivery(
        sequence=row.sequence,
        id=DeliveryId(row.id),
        channel=row.channel,
        kind=AlertKind(row.kind),
        message=row.message,
        payload=row.payload,
        simplified=row.simplified,
        attempts=row.attempts,
        created_at=row.created_at,
        documents={link.document: tuple(json.loads(link.watches)) for link in documents},
    )


def _status(tx: Connection, row: Row[Any]) -> DeliveryStatus:
    links = schema.delivery_documents.c
    numbers = tx.execute(select(links.document).where(links.delivery == row.sequence).order_by(links.document))
    return DeliveryStatus(
        sequence=row.sequence,
        id=DeliveryId(row.id),
        channel=row.channel,
        kind=AlertKind(row.kind),
        state=DeliveryState(row.state),
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        last_answer=row.last_answer,
        ended_at=row.ended_at,
        documents=tuple(numbers.scalars()),
    )
