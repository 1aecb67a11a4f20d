"""The failed attempts from which the outbox judges a channel and a delivery."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select

from watcher.model import AttemptOutcome, DeliveryState
from watcher.store import schema
from watcher.store.dialect import Instant

FAILURES = (AttemptOutcome.NOT_SENT, AttemptOutcome.AMBIGUOUS, AttemptOutcome.THROTTLED)
_MOST = 20_000  # far more than a channel has in the days after which it is parked
_OPEN = (DeliveryState.PENDING.value, DeliveryState.SENDING.value, DeliveryState.PARKED.value)
_rows, _attempts = schema.deliveries.c, schema.attempts.c
_since = bindparam("since", type_=Instant)
# Deliveries that ended before `since` have no attempt after it: they need not be read.
_OF_CHANNEL = (
    select(_attempts.at, _attempts.outcome)
    .join(schema.deliveries, _rows.sequence == _attempts.delivery)
    .where(_rows.channel == bindparam("name"), or_(_rows.state.in_(_OPEN), _rows.ended_at >= _since))
    .where(_attempts.at >= _since)
    .order_by(_attempts.id.desc())
    .limit(_MOST)
)
_OF_DELIVERY = (
    select(_attempts.at, _attempts.outcome)
    .where(_attempts.delivery == bindparam("of"), _attempts.outcome != AttemptOutcome.THROTTLED.value)
    .order_by(_attempts.id.desc())
    .limit(bindparam("most"))
)


def of_channel(tx: Connection, channel: str, since: datetime | None) -> list[tuple[datetime, AttemptOutcome]]:
    """Lists the last series of failed attempts at a channel without a success, oldest first; none if `since` is None.

    `since`: their beginning, which alone does not suffice: the clock may have been wrong.
    """
    if since is None:
        return []
    failed: list[tuple[datetime, AttemptOutcome]] = []
    for row in tx.execute(_OF_CHANNEL, {"name": channel, "since": since}).all():
        outcome = AttemptOutcome(row.outcome)
        if outcome in FAILURES:
            failed.append((row.at, outcome))
        elif outcome is AttemptOutcome.DELIVERED and failed:
            break
    return failed[::-1]


def of_delivery(tx: Connection, sequence: int, attempts: int) -> list[tuple[datetime, AttemptOutcome]]:
    """Lists the last `attempts` attempts at a delivery that counted, oldest first."""
    found = tx.execute(_OF_DELIVERY, {"of": sequence, "most": attempts}).all()
    return [(row.at, AttemptOutcome(row.outcome)) for row in reversed(found)]
