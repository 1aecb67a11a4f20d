"""Deliveries on their way: claimed with a lease, attempted, settled; and the channels they wait for. No policy."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, and_, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from watcher.model import AlertKind, AttemptOutcome, DeliveryId, DeliveryState, StoryId
from watcher.store import documents, schema
from watcher.store import outbox_statements as statements
from watcher.store.collecting import Gate, collect, hold_back
from watcher.store.collecting import release as release_held
from watcher.store.documents import StoredDocument

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
    `failing_since`: since when nothing arrives at its channel. `found`: the documents, if it is to be rendered yet.
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
    found: Mapping[int, StoredDocument] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt as it goes on record; `answer` is cut and free of secrets, `reference` the message's own name."""

    at: datetime
    outcome: AttemptOutcome
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
    return _lose(tx, tx.execute(statements.IN_HAND).all(), now=now)


def claim_due(
    tx: Connection,
    channels: Mapping[str, timedelta | None],
    *,
    gate: Gate,
    quiet: Mapping[str, tuple[datetime, str]],
    limits: QueueLimits,
    now: datetime,
    lease: timedelta,
    in_hand: Collection[int] = (),
) -> list[ClaimedDelivery]:
    """Releases what may be told now, keeps back what is for `quiet` channels, and claims: in one transaction."""
    release_held(tx, gate, now=now)
    hold_back(tx, quiet, now=now)
    return claim(tx, channels, limits=limits, now=now, lease=lease, in_hand=in_hand)


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
    _lose(tx, [row for row in tx.execute(statements.IN_HAND) if _ran_out(row, now, lease, in_hand)], now=now)
    _expire(tx, channels, now=now)
    asked = {"channels": json.dumps(list(channels)), "now": now, "in_order": limits.in_order}
    found = tx.execute(statements.HEADS, asked).all()
    if not found:
        return []
    until = now + lease
    tx.execute(statements.CLAIM, [{"of": row.sequence, "until": until} for row in found])
    return _claimed(tx, found, until)


def release(tx: Connection, delivery: ClaimedDelivery, *, now: datetime) -> None:
    """Gives a claim back whose attempt could not be put on record; one that was lost meanwhile is left alone."""
    ours = (delivery.sequence, delivery.lease_until)
    _lose(tx, [row for row in tx.execute(statements.IN_HAND) if (row.sequence, row.lease_until) == ours], now=now)


def keep_payload(tx: Connection, sequence: int, payload: bytes) -> None:
    """Keeps the rendered bytes before they are first sent; every repeat sends the same."""
    tx.execute(statements.KEEP, {"of": sequence, "rendered": payload})


def settle(tx: Connection, delivery: ClaimedDelivery, attempt: Attempt, then: Next, *, limits: QueueLimits) -> bool:
    """Puts an attempt on record, and what becomes of the delivery and its channel.

    False if the claim was lost meanwhile: then only a success still counts.
    """
    _record(tx, delivery.sequence, attempt)
    settled = tx.execute(statements.SETTLE, _settled(delivery, attempt, then)).first()
    if settled is None:
        return False
    _note_health(tx, delivery.channel, attempt, then, limits, failing_since=settled.failing_since)
    if then.state is DeliveryState.EXPIRED:
        expired = tx.execute(select(schema.deliveries).where(schema.deliveries.c.sequence == delivery.sequence)).all()
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


def _ran_out(row: Row[Any], now: datetime, lease: timedelta, in_hand: Collection[int]) -> bool:
    """Whether a claim's lease ended, or ends later than any can: then the clock was set back."""
    return not now < row.lease_until <= now + lease and row.sequence not in in_hand


def _lose(tx: Connection, lost: Sequence[Row[Any]], *, now: datetime) -> int:
    """Back to pending. What was rendered may have been sent: that goes on record, and costs no attempt."""
    for row in lost:
        if row.sent:
            _record(tx, row.sequence, Attempt(at=now, outcome=AttemptOutcome.AMBIGUOUS, answer=LOST))
        tx.execute(statements.LOSE, {"of": row.sequence, "sent": row.sent, "said": LOST})
    return len(lost)


def _expire(tx: Connection, channels: Mapping[str, timedelta | None], *, now: datetime) -> None:
    since = {name: schema.microseconds(now - patience) for name, patience in channels.items() if patience is not None}
    found = tx.execute(statements.TOO_OLD, {"since": json.dumps(since)}).scalars().all() if since else None
    if found:
        rows = tx.execute(statements.ROWS_OF, {"deliveries": json.dumps(found)}).all()
        for channel, old in groupby(rows, key=lambda row: str(row.channel)):
            collect(tx, channel, old, release_at=now, reason=CAUGHT_UP, now=now)


def _settled(delivery: ClaimedDelivery, attempt: Attempt, then: Next) -> dict[str, Any]:
    return {
        "of": delivery.sequence,
        "told_at": delivery.channel,
        "lease": delivery.lease_until,
        "delivered": then.state is DeliveryState.DELIVERED,
        "to": then.state.value,
        "said": attempt.answer[:_ANSWER_LENGTH],
        "counted": int(then.counts),
        "ended": attempt.at if then.state in _ENDED else None,
        "doubtful": attempt.outcome is AttemptOutcome.AMBIGUOUS,
        "named": attempt.reference or None,
        "due": then.due_at,
        "simpler": then.payload,
    }


def _note_health(
    tx: Connection,
    channel: str,
    attempt: Attempt,
    then: Next,
    limits: QueueLimits,
    *,
    failing_since: datetime | None,
) -> None:
    if then.pause_until is not None:
        _set_channel(tx, channel, paused_until=then.pause_until)
    if then.state is DeliveryState.PARKED:
        park(tx, channel, reason=attempt.answer, now=attempt.at)
    if attempt.outcome in (AttemptOutcome.NOT_SENT, AttemptOutcome.AMBIGUOUS):
        _set_channel(tx, channel, failing_since=failing_since or attempt.at)
    elif attempt.outcome is AttemptOutcome.DELIVERED and failing_since:
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
    row = {
        "delivery": sequence,
        "at": attempt.at,
        "outcome": attempt.outcome.value,
        "status": attempt.status,
        "wait_seconds": attempt.wait.total_seconds() if attempt.wait is not None else None,
        "seconds": attempt.duration.total_seconds(),
        "answer": attempt.answer[:_ANSWER_LENGTH],
    }
    tx.execute(statements.RECORD, row)


def _set_channel(tx: Connection, name: str, **values: Any) -> None:
    statement = sqlite_insert(schema.channels).values(name=name, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def _claimed(tx: Connection, rows: Sequence[Row[Any]], until: datetime) -> list[ClaimedDelivery]:
    told: dict[int, dict[int, tuple[str, ...]]] = {row.sequence: {} for row in rows}
    for link in tx.execute(statements.LINKS_OF, {"deliveries": json.dumps(list(told))}):
        told[link.delivery][link.document] = tuple(json.loads(link.watches))
    needed = {number for row in rows if row.payload is None for number in told[row.sequence]}
    found = documents.several(tx, needed) if needed else {}
    return [_claim_of(row, until, told[row.sequence], found) for row in rows]


def _claim_of(
    row: Row[Any], until: datetime, told: Mapping[int, tuple[str, ...]], found: Mapping[int, StoredDocument]
) -> ClaimedDelivery:
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
        documents=told,
        found={number: found[number] for number in told} if row.payload is None else {},
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
