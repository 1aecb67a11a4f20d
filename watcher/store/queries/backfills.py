"""Reads how far a backfill is, and whether its summaries were sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, exists, func, or_, select

from watcher.model import DeliveryState
from watcher.store import schema

_backfills, _tasks = schema.backfills.c, schema.backfill_entries.c
_deliveries, _attempts, _channels = schema.deliveries.c, schema.attempts.c, schema.channels.c
_WAITING = (DeliveryState.HELD.value, DeliveryState.PENDING.value, DeliveryState.SENDING.value)
_tried = exists(select(_attempts.id).where(_attempts.delivery == _deliveries.sequence))
_UNTRIED = and_(
    _deliveries.state.in_(_WAITING),
    or_(_deliveries.state == DeliveryState.SENDING.value, ~_tried),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillStatus:
    """The state of a backfill. `open_entries` have not ended; `documents`: numbers of the new ones, in order.

    `known`: articles that were documents already; `from_seen`: new documents with the text of the seen archive;
    `untried`: channels whose summary was not tried yet; `late`: those whose summary waits for another try.
    """

    id: int
    watch: str
    since: datetime
    ended_at: datetime | None
    total: int
    open_entries: int
    documents: tuple[int, ...]
    known: int
    from_seen: int
    unmatched: int
    failed: int
    untried: tuple[str, ...]
    late: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether all entries have ended, and each summary was tried once."""
        return self.ended_at is not None and not self.untried


def find_open(tx: Connection, watch: str) -> int | None:
    """Returns the id of the backfill of a watch whose entries have not all ended, None if there is none."""
    found = select(_backfills.id).where(_backfills.watch == watch, _backfills.ended_at.is_(None))
    number: int | None = tx.execute(found.limit(1)).scalar()
    return number


def find_incomplete(tx: Connection, watch: str) -> int | None:
    """Returns the id of the newest backfill of a watch if it is open, or if a summary of it was not tried yet."""
    newest = tx.execute(select(func.max(_backfills.id)).where(_backfills.watch == watch)).scalar()
    if newest is None or status(tx, newest).is_complete:
        return None
    return int(newest)


def status(tx: Connection, backfill: int) -> BackfillStatus:
    """Reads the state of a backfill. Raises if there is none of this id."""
    row = tx.execute(select(schema.backfills).where(_backfills.id == backfill)).one()
    counts = select(
        _tasks.outcome, func.count().label("number"), func.count().filter(_tasks.from_seen).label("from_seen")
    )
    by_outcome = {
        each.outcome: each for each in tx.execute(counts.where(_tasks.backfill == backfill).group_by(_tasks.outcome))
    }
    numbers = {outcome: each.number for outcome, each in by_outcome.items()}
    documents = select(_tasks.document).where(_tasks.backfill == backfill, _tasks.outcome == "document")
    summaries = select(_deliveries.channel).where(_deliveries.backfill == backfill).order_by(_deliveries.channel)
    return BackfillStatus(
        id=row.id,
        watch=row.watch,
        since=row.since,
        ended_at=row.ended_at,
        total=row.known + sum(numbers.values()),
        open_entries=numbers.get("", 0),
        documents=tuple(tx.execute(documents.order_by(_tasks.document)).scalars()),
        known=row.known + numbers.get("known", 0),
        from_seen=sum(each.from_seen or 0 for each in by_outcome.values()),
        unmatched=numbers.get("unmatched", 0),
        failed=numbers.get("failed", 0),
        untried=tuple(tx.execute(summaries.where(_UNTRIED)).scalars()),
        late=tuple(tx.execute(summaries.where(_deliveries.state.in_(_WAITING), _tried)).scalars()),
    )
