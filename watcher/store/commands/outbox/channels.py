"""Parks and resumes channels, and catches up with their queue after an outage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select, update

from watcher.model import AlertKind, AttemptOutcome, DeliveryState
from watcher.store import schema
from watcher.store.commands.outbox import digests
from watcher.store.commands.outbox.attempts import ANSWER_LENGTH, Attempt, Next
from watcher.store.dialect import upsert
from watcher.store.queries import failures

_PENDING, _PARKED = DeliveryState.PENDING.value, DeliveryState.PARKED.value
_ALERTS = (AlertKind.ALERT.value, AlertKind.FOLLOW_UP.value, AlertKind.REVISION.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLimits:
    """The limits of a channel's queue.

    `in_order`: the number of attempts during which a delivery precedes all later ones. `after_outage`: the number of
    alerts that are sent one by one after an outage; if more have waited, they are collected into one digest. Fewer
    throttled attempts than `in_order` are not an outage.
    """

    in_order: int
    after_outage: int


def park(tx: Connection, channel: str, *, reason: str, now: datetime) -> None:
    """Stops a channel and keeps its queue."""
    rows = schema.deliveries.c
    _set_channel(tx, channel, parked_at=now, parked_reason=reason[:ANSWER_LENGTH])
    waiting = and_(rows.channel == channel, rows.state == _PENDING)
    tx.execute(update(schema.deliveries).where(waiting).values(state=_PARKED))


def resume(tx: Connection, channel: str, *, limits: QueueLimits, now: datetime) -> int:
    """Starts a parked channel again; its queue is due now, and its attempts are counted from here on.

    Returns the number of deliveries that wait.
    """
    rows = schema.deliveries.c
    _set_channel(tx, channel, parked_at=None, parked_reason="", paused_until=None, failing_since=None)
    parked = and_(rows.channel == channel, rows.state == _PARKED)
    again = update(schema.deliveries).where(parked).values(state=_PENDING, due_at=now, attempts=0)
    waiting = tx.execute(again).rowcount
    _catch_up(tx, channel, limits, now=now)
    return waiting


def note_health(
    tx: Connection,
    channel: str,
    attempt: Attempt,
    then: Next,
    limits: QueueLimits,
    *,
    failing_since: datetime | None,
) -> None:
    """Records the channel's health after an attempt: a pause, a park, the begin or the end of an outage."""
    if then.pause_until is not None:
        _set_channel(tx, channel, paused_until=then.pause_until)
    if then.state is DeliveryState.PARKED:
        park(tx, channel, reason=attempt.answer, now=attempt.at)
    if attempt.outcome in failures.FAILURES:
        _set_channel(tx, channel, failing_since=min(failing_since or attempt.at, attempt.at))
    elif attempt.outcome is AttemptOutcome.DELIVERED and failing_since:
        failed = [outcome for _, outcome in failures.of_channel(tx, channel, failing_since)]
        _set_channel(tx, channel, failing_since=None)
        if len(failed) >= limits.in_order or any(outcome is not AttemptOutcome.THROTTLED for outcome in failed):
            _make_due(tx, channel, limits, now=attempt.at)
            _catch_up(tx, channel, limits, now=attempt.at)


def _make_due(tx: Connection, channel: str, limits: QueueLimits, *, now: datetime) -> None:
    """Makes deliveries due now that failed during the outage, once: one that fails again returns to its back-off."""
    rows = schema.deliveries.c
    waiting = and_(rows.channel == channel, rows.state == _PENDING, rows.attempts <= limits.in_order)
    tx.execute(update(schema.deliveries).where(waiting, rows.due_at > now).values(due_at=now))


def _catch_up(tx: Connection, channel: str, limits: QueueLimits, *, now: datetime) -> None:
    """Collects a long queue into one digest. Uncertain deliveries keep their ids and wait for their turn."""
    rows = schema.deliveries.c
    waiting = and_(rows.channel == channel, rows.state == _PENDING, rows.kind.in_(_ALERTS), ~rows.uncertain)
    found = tx.execute(select(schema.deliveries).where(waiting).order_by(rows.sequence)).all()
    if len(found) > limits.after_outage:
        digests.collect(tx, channel, found, release_at=now, reason=digests.CAUGHT_UP, now=now)


def _set_channel(tx: Connection, name: str, **values: Any) -> None:
    statement = upsert(schema.channels).values(name=name, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
