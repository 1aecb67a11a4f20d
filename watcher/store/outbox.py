"""Deliveries on their way: claimed with a lease, attempted, settled; and the channels they wait for. No policy."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from watcher.model import AlertKind, DeliveryId, DeliveryState, Outcome, StoryId
from watcher.store import schema
from watcher.store.collecting import collect

_PENDING, _SENDING = DeliveryState.PENDING.value, DeliveryState.SENDING.value
_PARKED = DeliveryState.PARKED.value
_ENDED = (DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.EXPIRED)
_TELLING = (AlertKind.ALERT.value, AlertKind.FOLLOW_UP.value)
_ANSWER_LENGTH = 200

LOST = "stopped while sending; the answer is unknown"
CAUGHT_UP = "Caught up: these could not be told in time."


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A delivery that is ours to send until `lease_until`.

    `documents`: number -> the watches it is told for, in the order found. `released_at`: since when it may be told.
    `failing_since`: since when nothing arrives at its channel.
    """

    sequence: int
    id: DeliveryId
    channel: str
    kind: AlertKind
    message: str
    payload: bytes | None
    simplified: bool
    attempts: int
    story: StoryId | None
    released_at: datetime
    lease_until: datetime
    failing_since: datetime | None
    documents: Mapping[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt as it goes on record; `answer` is cut and free of secrets, `reference` the message's own name."""

    at: datetime
    outcome: Outcome
    status: int | None = None
    wait: timedelta | None = None
    duration: timedelta = timedelta()
    answer: str = ""
    reference: str = ""


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
class QueueLimits:
    """How channels' queues are kept. `in_order`: so many attempts long a delivery goes before all that came later.

    `after_outage`: if more alerts than this have waited for a channel that could not be told, one digest tells them.
    """

    in_order: int
    after_outage: int


def void_claims(tx: Connection, *, now: datetime) -> int:
    """Frees every claim of a former process; what may have been sent is sent again, under the same id."""
    return _lose(tx, schema.deliveries.c.state == _SENDING, now=now)


def claim(
    tx: Connection,
    channels: Mapping[str, timedelta | None],
    *,
    limits: QueueLimits,
    now: datetime,
    lease: timedelta,
    in_hand: Collection[int] = (),
) -> list[ClaimedDelivery]:
    """The first due delivery of each channel that is neither parked, paused nor busy.

    `channels`: name -> how long a delivery to it is worth trying; those that are older are told in one digest.
    `in_hand`: sequences that this process is sending, whatever became of their lease.
    """
    rows = schema.deliveries.c
    ran_out = or_(rows.lease_until <= now, rows.lease_until > now + lease)  # the latter: the clock was set back
    _lose(tx, and_(rows.state == _SENDING, ran_out, rows.sequence.not_in(list(in_hand))), now=now)
    _expire(tx, channels, now=now)
    found = tx.execute(_heads(list(channels), limits, now=now)).all()
    until = now + lease
    if found:
        taken = rows.sequence.in_([row.sequence for row in found])
        tx.execute(update(schema.deliveries).where(taken).values(state=_SENDING, lease_until=until))
    return [_claimed(tx, row, until) for row in found]


def release(tx: Connection, delivery: ClaimedDelivery, *, now: datetime) -> None:
    """Gives a claim back whose attempt could not be put on record; one that was lost meanwhile is left alone."""
    rows = schema.deliveries.c
    held = and_(rows.state == _SENDING, rows.lease_until == delivery.lease_until)
    _lose(tx, and_(rows.sequence == delivery.sequence, held), now=now)


def keep_payload(tx: Connection, sequence: int, payload: bytes) -> None:
    """Keeps the rendered bytes before they are first sent; every repeat sends the same."""
    tx.execute(update(schema.deliveries).where(schema.deliveries.c.sequence == sequence).values(payload=payload))


def settle(tx: Connection, delivery: ClaimedDelivery, attempt: Attempt, then: Next, *, limits: QueueLimits) -> bool:
    """Puts an attempt on record, and what becomes of the delivery and its channel.

    False if the claim was lost meanwhile: then only a success still counts.
    """
    rows = schema.deliveries.c
    _record(tx, delivery.sequence, attempt)
    held = and_(rows.state == _SENDING, rows.lease_until == delivery.lease_until)
    late = rows.state.in_((_PENDING, _SENDING, _PARKED))
    counts = or_(held, late) if then.state is DeliveryState.DELIVERED else held
    ours = and_(rows.sequence == delivery.sequence, counts)
    row = tx.execute(update(schema.deliveries).where(ours).values(**_settled(attempt, then)).returning(rows.sequence))
    if row.first() is None:
        return False
    _note_health(tx, delivery.channel, attempt, then, limits)
    if then.state is DeliveryState.EXPIRED:
        expired = tx.execute(select(schema.deliveries).where(rows.sequence == delivery.sequence)).all()
        collect(tx, delivery.channel, expired, release_at=attempt.at, reason=CAUGHT_UP, now=attempt.at)
    return True


def park(tx: Connection, channel: str, *, reason: str, now: datetime) -> None:
    """Stops a channel and keeps its queue."""
    rows = schema.deliveries.c
    _set_channel(tx, channel, parked_at=now, parked_reason=reason[:_ANSWER_LENGTH])
    waiting = and_(rows.channel == channel, rows.state == _PENDING)
    tx.execute(update(schema.deliveries).where(waiting).values(state=_PARKED))


def resume(tx: Connection, channel: str, *, limits: QueueLimits, now: datetime) -> int:
    """Starts a parked channel again; its queue is due now. Returns how many deliveries wait."""
    rows = schema.deliveries.c
    _set_channel(tx, channel, parked_at=None, parked_reason="", paused_until=None, failing_since=None)
    parked = and_(rows.channel == channel, rows.state == _PARKED)
    waiting = tx.execute(update(schema.deliveries).where(parked).values(state=_PENDING, due_at=now)).rowcount
    _catch_up(tx, channel, limits, now=now)
    return waiting


def reference(tx: Connection, channel: str, story: StoryId | None) -> str:
    """The channel's own name for the first message that told a story there, "" if it has none."""
    told, rows = schema.told.c, schema.deliveries.c
    first = (
        select(rows.reference)
        .join(schema.told, told.delivery == rows.sequence)
        .where(told.channel == channel, told.story == story, rows.reference != "")
        .order_by(rows.sequence)
        .limit(1)
    )
    return tx.execute(first).scalar() or ""


def _heads(channels: list[str], limits: QueueLimits, *, now: datetime) -> Any:
    """The oldest delivery of each open channel, if it is due; one that failed often no longer stops the others."""
    rows, states = schema.deliveries.c, schema.channels.c
    busy = select(rows.channel).where(rows.state == _SENDING)
    closed = select(states.name).where(or_(states.parked_at.is_not(None), states.paused_until > now))
    first = (
        select(func.min(rows.sequence))
        .where(
            rows.state == _PENDING,
            rows.channel.in_(channels),
            rows.channel.not_in(busy),
            rows.channel.not_in(closed),
            or_(rows.due_at <= now, rows.attempts < limits.in_order),
        )
        .group_by(rows.channel)
    )
    due = and_(rows.sequence.in_(first), rows.due_at <= now)
    return (
        select(schema.deliveries, states.failing_since)
        .outerjoin(schema.channels, states.name == rows.channel)
        .where(due)
        .order_by(rows.sequence)
    )


def _lose(tx: Connection, lost: Any, *, now: datetime) -> int:
    """Back to pending. What was rendered may have been sent: that goes on record, and costs no attempt."""
    rows = schema.deliveries.c
    found = tx.execute(select(rows.sequence, rows.payload.is_not(None).label("sent")).where(lost)).all()
    for row in found:
        values: dict[str, Any] = {"state": _PENDING, "lease_until": None}
        if row.sent:
            values |= {"uncertain": True, "last_answer": LOST}
            _record(tx, row.sequence, Attempt(at=now, outcome=Outcome.AMBIGUOUS, answer=LOST))
        tx.execute(update(schema.deliveries).where(rows.sequence == row.sequence).values(**values))
    return len(found)


def _expire(tx: Connection, channels: Mapping[str, timedelta | None], *, now: datetime) -> None:
    rows = schema.deliveries.c
    resting = parked(tx)
    for channel, patience in channels.items():
        if patience is None or channel in resting:
            continue
        old = and_(rows.state == _PENDING, rows.channel == channel, rows.release_at <= now - patience)
        found = tx.execute(select(schema.deliveries).where(old).order_by(rows.sequence)).all()
        collect(tx, channel, found, release_at=now, reason=CAUGHT_UP, now=now)


def _settled(attempt: Attempt, then: Next) -> dict[str, Any]:
    values: dict[str, Any] = {
        "state": then.state.value,
        "lease_until": None,
        "last_answer": attempt.answer[:_ANSWER_LENGTH],
        "attempts": schema.deliveries.c.attempts + int(then.counts),
        "ended_at": attempt.at if then.state in _ENDED else None,
    }
    if attempt.outcome is Outcome.AMBIGUOUS:
        values["uncertain"] = True
    if attempt.reference:
        values["reference"] = attempt.reference
    if then.due_at is not None:
        values["due_at"] = then.due_at
    if then.payload is not None:
        values |= {"payload": then.payload, "simplified": True}
    return values


def _note_health(tx: Connection, channel: str, attempt: Attempt, then: Next, limits: QueueLimits) -> None:
    if then.pause_until is not None:
        _set_channel(tx, channel, paused_until=then.pause_until)
    if then.state is DeliveryState.PARKED:
        park(tx, channel, reason=attempt.answer, now=attempt.at)
    states = schema.channels.c
    failing = tx.execute(select(states.failing_since).where(states.name == channel)).scalar()
    if attempt.outcome in (Outcome.NOT_SENT, Outcome.AMBIGUOUS):
        _set_channel(tx, channel, failing_since=failing or attempt.at)
    elif attempt.outcome is Outcome.DELIVERED and failing:
        _set_channel(tx, channel, failing_since=None)
        _hurry(tx, channel, limits, now=attempt.at)
        _catch_up(tx, channel, limits, now=attempt.at)


def _hurry(tx: Connection, channel: str, limits: QueueLimits, *, now: datetime) -> None:
    """What failed while the channel was away is due now, once: one that goes on failing is not to be hammered."""
    rows = schema.deliveries.c
    waiting = and_(rows.channel == channel, rows.state == _PENDING, rows.attempts <= limits.in_order)
    tx.execute(update(schema.deliveries).where(waiting, rows.due_at > now).values(due_at=now))


def _catch_up(tx: Connection, channel: str, limits: QueueLimits, *, now: datetime) -> None:
    """One digest instead of a long queue. What may have been shown already keeps its name, and waits for its turn."""
    rows = schema.deliveries.c
    waiting = and_(rows.channel == channel, rows.state == _PENDING, rows.kind.in_(_TELLING), ~rows.uncertain)
    found = tx.execute(select(schema.deliveries).where(waiting).order_by(rows.sequence)).all()
    if len(found) > limits.after_outage:
        collect(tx, channel, found, release_at=now, reason=CAUGHT_UP, now=now)


def _record(tx: Connection, sequence: int, attempt: Attempt) -> None:
    tx.execute(
        insert(schema.attempts).values(
            delivery=sequence,
            at=attempt.at,
            outcome=attempt.outcome.value,
            status=attempt.status,
            wait_seconds=attempt.wait.total_seconds() if attempt.wait is not None else None,
            seconds=attempt.duration.total_seconds(),
            answer=attempt.answer[:_ANSWER_LENGTH],
        )
    )


def _set_channel(tx: Connection, name: str, **values: Any) -> None:
    statement = sqlite_insert(schema.channels).values(name=name, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def _claimed(tx: Connection, row: Row[Any], until: datetime) -> ClaimedDelivery:
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
        story=None if row.story is None else StoryId(row.story),
        released_at=row.release_at,
        lease_until=until,
        failing_since=row.failing_since,
        documents={link.document: tuple(json.loads(link.watches)) for link in documents},
    )


def parked(tx: Connection) -> dict[str, str]:
    """The parked channels, with the reason."""
    rows = schema.channels.c
    return {
        row.name: row.parked_reason for row in tx.execute(select(schema.channels).where(rows.parked_at.is_not(None)))
    }


def channels_waited_for(tx: Connection) -> Iterable[str]:
    """The channels that something is pending for."""
    rows = schema.deliveries.c
    return tx.execute(select(rows.channel).where(rows.state == _PENDING).distinct()).scalars().all()
