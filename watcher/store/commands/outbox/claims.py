"""Claims deliveries with a lease, records attempts and settles them. The caller decides what follows an attempt."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import (
    Boolean,
    Connection,
    Integer,
    LargeBinary,
    Row,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from watcher.model import (
    HEADLINES_IN_DIGEST,
    NEAR_MISSES_IN_DIGEST,
    REVISIONS_IN_DIGEST,
    AlertKind,
    AttemptOutcome,
    DeliveryId,
    DeliveryState,
    Revision,
    StoryId,
)
from watcher.store import raw_sql, schema
from watcher.store.commands.outbox import digests
from watcher.store.commands.outbox.attempts import ANSWER_LENGTH, Attempt, Next
from watcher.store.commands.outbox.channels import QueueLimits, note_health
from watcher.store.commands.outbox.windows import Gate, release_closed
from watcher.store.dialect import Instant, json_rows, microseconds, values_of
from watcher.store.queries import digest_documents, near_misses, revisions
from watcher.store.queries.digest_documents import ShownDocuments
from watcher.store.queries.near_misses import RecordedNearMiss
from watcher.store.queries.stored_documents import StoredDocument, get_many

_RETRIED_SOON = timedelta(minutes=30)  # longer than the back-off between attempts that keep the order
LOST = "stopped while sending; the answer is unknown"
_DIGESTS = (AlertKind.SUMMARY.value, AlertKind.DIGEST.value)
_ENDED = (DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.EXPIRED)

_PENDING, _SENDING = DeliveryState.PENDING.value, DeliveryState.SENDING.value
_rows, _channels, _links = schema.deliveries.c, schema.channels.c, schema.delivery_documents.c
_now = bindparam("now", type_=Instant)
_of = _rows.sequence == bindparam("of")

# `sent`: the message was rendered, so it may have been sent.
_SENDING_NOW = select(_rows.sequence, _rows.lease_until, _rows.payload.is_not(None).label("sent")).where(
    _rows.state == _SENDING
)
_sent = bindparam("sent", type_=Boolean)
_FREE_LOST = (
    update(schema.deliveries)
    .where(_of)
    .values(
        state=_PENDING,
        lease_until=None,
        uncertain=case((_sent, True), else_=_rows.uncertain),
        last_answer=case((_sent, bindparam("answer")), else_=_rows.last_answer),
    )
)

# Finding the head of each of the `channels` is one step into an index; grouping all that wait would read all of it.
_wanted = json_rows("channels", of=Text).alias("wanted")
_first, _busy = schema.deliveries.alias("first"), schema.deliveries.alias("busy")
# A delivery that is retried soon precedes later ones. In quiet hours those that are not urgent are held back instead.
_retried_soon = and_(
    _first.c.attempts < bindparam("in_order"),
    _first.c.due_at <= bindparam("soon", type_=Instant),
    or_(_first.c.urgent, _wanted.c.value.not_in(values_of("quiet", of=Text))),
)
_head = (
    select(_first.c.sequence)
    .where(_first.c.state == _PENDING, _first.c.channel == _wanted.c.value)
    .where(or_(_first.c.due_at <= _now, _retried_soon))
    .order_by(_first.c.sequence)
    .limit(1)
    .correlate(_wanted)
    .scalar_subquery()
)
_HEADS = (
    select(schema.deliveries, _channels.failing_since)
    .select_from(
        _wanted.join(schema.deliveries, _rows.sequence == _head).outerjoin(
            schema.channels, _channels.name == _wanted.c.value
        )
    )
    .where(
        _rows.due_at <= _now,
        _channels.parked_at.is_(None),
        or_(_channels.paused_until.is_(None), _channels.paused_until <= _now),
        ~exists().where(_busy.c.state == _SENDING, _busy.c.channel == _wanted.c.value).correlate(_wanted),
    )
    .order_by(_rows.sequence)
    .with_for_update(of=schema.deliveries, skip_locked=True)
)
_CLAIM = update(schema.deliveries).where(_of).values(state=_SENDING, lease_until=bindparam("until", type_=Instant))
_LINKS_OF = (
    select(schema.delivery_documents).where(_links.delivery.in_(values_of("deliveries"))).order_by(_links.document)
)

_ROWS_OF = (
    select(schema.deliveries).where(_rows.sequence.in_(values_of("deliveries"))).order_by(_rows.channel, _rows.sequence)
)

_KEEP = update(schema.deliveries).where(_of).values(payload=bindparam("rendered"))

_RECORD = insert(schema.attempts)
_held = and_(_rows.state == _SENDING, _rows.lease_until == bindparam("lease", type_=Instant))
_open = or_(_rows.state == _PENDING, _rows.state == _SENDING, _rows.state == DeliveryState.PARKED.value)
_simpler = bindparam("simpler", type_=LargeBinary)
_SETTLE = (
    update(schema.deliveries)
    .where(_of, or_(_held, and_(bindparam("delivered", type_=Boolean), _open)))
    .values(
        state=bindparam("to"),
        lease_until=None,
        last_answer=bindparam("answer"),
        attempts=_rows.attempts + bindparam("counted", type_=Integer),
        ended_at=bindparam("ended", type_=Instant),
        uncertain=case((bindparam("doubtful", type_=Boolean), True), else_=_rows.uncertain),
        reference=func.coalesce(bindparam("named", type_=Text), _rows.reference),
        due_at=func.coalesce(bindparam("due", type_=Instant), _rows.due_at),
        payload=func.coalesce(_simpler, _rows.payload),
        simplified=case((_simpler.is_not(None), True), else_=_rows.simplified),
    )
    .returning(
        select(_channels.failing_since)
        .where(_channels.name == bindparam("name"))
        .scalar_subquery()
        .label("failing_since")
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A delivery that this process sends until `lease_until`.

    `documents`: number -> the watches for which the channel is notified, in the order found. `released_at`: the moment
    from which it may be sent. `failing_since`: the moment from which nothing has arrived at its channel. `found`: the
    documents, if the message is not rendered yet, of a summary or digest those of the newest stories; `near_misses`,
    `revisions`: the newest ones, then; `more_stories`, `more_near_misses`, `more_revisions`: the number of the rest.
    `any_unwritten`: whether any document of a summary or digest has no file yet.
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
    more_stories: int = 0
    any_unwritten: bool = False
    near_misses: tuple[RecordedNearMiss, ...] = ()
    more_near_misses: int = 0
    revisions: tuple[Revision, ...] = ()
    more_revisions: int = 0


def void_claims(tx: Connection, *, channel: str | None = None, now: datetime) -> int:
    """Frees every claim of a former process. A message that may have been sent is sent again under the same id.

    `channel`: only claims of its deliveries.
    """
    sending = _SENDING_NOW if channel is None else _SENDING_NOW.where(_rows.channel == channel)
    return _free_lost(tx, tx.execute(sending).all(), now=now)


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
    """Releases deliveries, holds those for `quiet` channels back, and claims: in one transaction."""
    release_closed(tx, gate, now=now)
    digests.hold_back(tx, quiet, now=now)
    return claim(tx, channels, limits=limits, now=now, lease=lease, in_hand=in_hand, quiet=quiet)


def claim(
    tx: Connection,
    channels: Mapping[str, timedelta | None],
    *,
    limits: QueueLimits,
    now: datetime,
    lease: timedelta,
    in_hand: Collection[int] = (),
    quiet: Collection[str] = (),
) -> list[ClaimedDelivery]:
    """Claims the first due delivery of each channel that is neither parked, paused nor busy.

    `channels`: name -> the age up to which a delivery to it is tried; older ones are collected into one digest.
    `in_hand`: sequences that this process is sending: these are not claimed again when their lease ends. `quiet`: the
    channels in quiet hours; there an urgent delivery passes those that are held back.
    """
    _free_lost(tx, [row for row in tx.execute(_SENDING_NOW) if _ran_out(row, now, lease, in_hand)], now=now)
    _expire(tx, channels, now=now)
    names = {"channels": json.dumps(list(channels)), "quiet": json.dumps(list(quiet))}
    limit = {"now": now, "soon": now + _RETRIED_SOON, "in_order": limits.in_order}
    found = tx.execute(_HEADS, names | limit).all()
    if not found:
        return []
    until = now + lease
    tx.execute(_CLAIM, [{"of": row.sequence, "until": until} for row in found])
    return _claimed(tx, found, until)


def release(tx: Connection, delivery: ClaimedDelivery, *, now: datetime) -> None:
    """Gives a claim back whose attempt could not be recorded. A claim that was lost meanwhile is left alone."""
    ours = (delivery.sequence, delivery.lease_until)
    _free_lost(tx, [row for row in tx.execute(_SENDING_NOW) if (row.sequence, row.lease_until) == ours], now=now)


def keep_payload(tx: Connection, sequence: int, payload: bytes) -> None:
    """Stores the rendered bytes before they are first sent; every repeat sends the same bytes."""
    tx.execute(_KEEP, {"of": sequence, "rendered": payload})


def settle(tx: Connection, delivery: ClaimedDelivery, attempt: Attempt, then: Next, *, limits: QueueLimits) -> bool:
    """Records an attempt, and the next state of the delivery and its channel.

    Returns False if the claim was lost meanwhile: then only a success changes the delivery.
    """
    _record(tx, delivery.sequence, attempt)
    settled = tx.execute(_SETTLE, _settled(delivery, attempt, then)).first()
    if settled is None:
        return False
    note_health(tx, delivery.channel, attempt, then, limits, failing_since=settled.failing_since)
    if then.state is DeliveryState.EXPIRED:
        expired = tx.execute(select(schema.deliveries).where(schema.deliveries.c.sequence == delivery.sequence)).all()
        digests.collect(tx, delivery.channel, expired, release_at=attempt.at, reason=digests.CAUGHT_UP, now=attempt.at)
    return True


def _ran_out(row: Row[Any], now: datetime, lease: timedelta, in_hand: Collection[int]) -> bool:
    """Whether a claim's lease ended, or ends later than any lease can, which means that the clock was set back."""
    return not now < row.lease_until <= now + lease and row.sequence not in in_hand


def _free_lost(tx: Connection, lost: Sequence[Row[Any]], *, now: datetime) -> int:
    """Makes deliveries pending again. One that was rendered may have been sent: this is recorded as an attempt."""
    for row in lost:
        if row.sent:
            _record(tx, row.sequence, Attempt(at=now, outcome=AttemptOutcome.AMBIGUOUS, answer=LOST))
        tx.execute(_FREE_LOST, {"of": row.sequence, "sent": row.sent, "answer": LOST})
    return len(lost)


def _expire(tx: Connection, channels: Mapping[str, timedelta | None], *, now: datetime) -> None:
    since = {name: microseconds(now - patience) for name, patience in channels.items() if patience is not None}
    found = raw_sql.TOO_OLD.execute(tx, (json.dumps(since),)).scalars().all() if since else None
    if found:
        rows = tx.execute(_ROWS_OF, {"deliveries": json.dumps(found)}).all()
        for channel, old in groupby(rows, key=lambda row: str(row.channel)):
            digests.collect(tx, channel, old, release_at=now, reason=digests.CAUGHT_UP, now=now)


def _settled(delivery: ClaimedDelivery, attempt: Attempt, then: Next) -> dict[str, Any]:
    return {
        "of": delivery.sequence,
        "name": delivery.channel,
        "lease": delivery.lease_until,
        "delivered": then.state is DeliveryState.DELIVERED,
        "to": then.state.value,
        "answer": attempt.answer[:ANSWER_LENGTH],
        "counted": int(then.counts),
        "ended": attempt.at if then.state in _ENDED else None,
        "doubtful": attempt.outcome is AttemptOutcome.AMBIGUOUS,
        "named": attempt.reference or None,
        "due": then.due_at,
        "simpler": then.payload,
    }


def _record(tx: Connection, sequence: int, attempt: Attempt) -> None:
    row = {
        "delivery": sequence,
        "at": attempt.at,
        "outcome": attempt.outcome.value,
        "status": attempt.status,
        "wait_seconds": attempt.wait.total_seconds() if attempt.wait is not None else None,
        "seconds": attempt.duration.total_seconds(),
        "answer": attempt.answer[:ANSWER_LENGTH],
    }
    tx.execute(_RECORD, row)


def _claimed(tx: Connection, rows: Sequence[Row[Any]], until: datetime) -> list[ClaimedDelivery]:
    linked: dict[int, dict[int, tuple[str, ...]]] = {row.sequence: {} for row in rows}
    for link in tx.execute(_LINKS_OF, {"deliveries": json.dumps(list(linked))}):
        linked[link.delivery][link.document] = tuple(json.loads(link.watches))
    shown = {row.sequence: _shown(tx, row, linked[row.sequence]) for row in rows}
    needed = frozenset[int]().union(*(each.numbers for each in shown.values()))
    found = get_many(tx, needed) if needed else {}
    claimed = [_claim_of(row, until, linked[row.sequence], shown[row.sequence], found) for row in rows]
    return [_with_revisions(tx, _with_near_misses(tx, each)) if each.payload is None else each for each in claimed]


def _shown(tx: Connection, row: Row[Any], numbers: Mapping[int, tuple[str, ...]]) -> ShownDocuments:
    """The documents that must be read: none if the message is rendered, and of a digest the newest stories."""
    if row.payload is not None:
        return ShownDocuments(numbers=frozenset())
    if row.kind in _DIGESTS:
        return digest_documents.newest(tx, row.sequence, most=HEADLINES_IN_DIGEST)
    return ShownDocuments(numbers=frozenset(numbers))


def _with_near_misses(tx: Connection, claimed: ClaimedDelivery) -> ClaimedDelivery:
    if claimed.kind is not AlertKind.DIGEST:
        return claimed
    newest, count = near_misses.of_delivery(tx, claimed.sequence, most=NEAR_MISSES_IN_DIGEST)
    return replace(claimed, near_misses=newest, more_near_misses=count - len(newest))


def _with_revisions(tx: Connection, claimed: ClaimedDelivery) -> ClaimedDelivery:
    if claimed.kind not in (AlertKind.DIGEST, AlertKind.REVISION):
        return claimed
    newest, count = revisions.of_delivery(tx, claimed.sequence, most=REVISIONS_IN_DIGEST)
    return replace(claimed, revisions=newest, more_revisions=count - len(newest))


def _claim_of(
    row: Row[Any],
    until: datetime,
    numbers: Mapping[int, tuple[str, ...]],
    shown: ShownDocuments,
    found: Mapping[int, StoredDocument],
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
        documents=numbers,
        found={number: found[number] for number in numbers if number in shown.numbers},
        more_stories=shown.more_stories,
        any_unwritten=shown.unwritten,
    )
