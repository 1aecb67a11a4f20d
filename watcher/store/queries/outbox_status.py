"""Deliveries, their attempts and their channels, as `outbox`, `explain` and `once` show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from watcher.errors import WatcherError
from watcher.model import AlertKind, AttemptOutcome, DeliveryId, DeliveryState, StoryId
from watcher.store import schema

OPEN = (DeliveryState.HELD, DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.PARKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStatus:
    """A recorded attempt."""

    at: datetime
    outcome: AttemptOutcome
    status: int | None
    wait: timedelta | None
    duration: timedelta
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """A delivery as `outbox` and `explain` show it. `digest`: the id of the digest that carries it instead, or ""."""

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
    message: str
    uncertain: bool
    payload: bytes | None
    digest: str = ""
    documents: tuple[int, ...] = field(default=())

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A choice of deliveries: those that fulfil every given part. `since`: created then or later."""

    channel: str = ""
    states: tuple[DeliveryState, ...] = ()
    since: datetime | None = None
    ids: tuple[str, ...] = ()

    def where(self) -> Any:
        rows = schema.deliveries.c
        parts = [rows.channel == self.channel] if self.channel else []
        if self.states:
            parts.append(rows.state.in_([state.value for state in self.states]))
        if self.since is not None:
            parts.append(rows.created_at >= self.since)
        if self.ids:
            parts.append(or_(*(rows.id.startswith(id_, autoescape=True) for id_ in self.ids)))
        return and_(True, *parts)


def search(tx: Connection, choice: Choice, *, limit: int = 1000, newest_first: bool = False) -> list[DeliveryStatus]:
    """Finds the chosen deliveries, oldest first unless `newest_first`."""
    rows = schema.deliveries.c
    order = rows.sequence.desc() if newest_first else rows.sequence
    found = tx.execute(select(schema.deliveries).where(choice.where()).order_by(order).limit(limit))
    return [_status(tx, row) for row in found.all()]


def count(tx: Connection, choice: Choice) -> int:
    """Counts the chosen deliveries."""
    return int(tx.execute(select(func.count()).select_from(schema.deliveries).where(choice.where())).scalar_one())


def whole_ids(tx: Connection, beginnings: Iterable[str]) -> tuple[str, ...]:
    """Returns the whole ids, of which a person gave the beginnings. Raises WatcherError where one is not unique."""
    return tuple(_whole_id(tx, beginning) for beginning in beginnings)


def of_document(tx: Connection, document: int) -> list[DeliveryStatus]:
    """Finds the deliveries that carry a document, oldest first."""
    rows, links = schema.deliveries.c, schema.delivery_documents.c
    found = tx.execute(
        select(schema.deliveries)
        .join(schema.delivery_documents, links.delivery == rows.sequence)
        .where(links.document == document)
        .order_by(rows.sequence)
    )
    return [_status(tx, row) for row in found.all()]


def attempts(tx: Connection, sequence: int) -> list[AttemptStatus]:
    """Lists every attempt at a delivery, in order."""
    rows = schema.attempts.c
    return [
        AttemptStatus(
            at=row.at,
            outcome=AttemptOutcome(row.outcome),
            status=row.status,
            wait=None if row.wait_seconds is None else timedelta(seconds=row.wait_seconds),
            duration=timedelta(seconds=row.seconds),
            answer=row.answer,
        )
        for row in tx.execute(select(schema.attempts).where(rows.delivery == sequence).order_by(rows.id))
    ]


def count_open(tx: Connection) -> dict[str, int]:
    """Counts the deliveries that have not ended, by channel."""
    rows = schema.deliveries.c
    still = rows.state.in_([state.value for state in OPEN])
    counted = select(rows.channel, func.count()).where(still).group_by(rows.channel)
    return {row[0]: row[1] for row in tx.execute(counted)}


def parked(tx: Connection) -> dict[str, str]:
    """The parked channels: name -> the reason."""
    rows = schema.channels.c
    return {
        row.name: row.parked_reason for row in tx.execute(select(schema.channels).where(rows.parked_at.is_not(None)))
    }


def first_reference(tx: Connection, channel: str, story: StoryId | None) -> str:
    """The channel's id of the first message of a story, "" if it has none. Replies refer to it."""
    notified, rows = schema.notified.c, schema.deliveries.c
    first = (
        select(rows.reference)
        .join(schema.notified, notified.delivery == rows.sequence)
        .where(notified.channel == channel, notified.story == story, rows.reference != "")
        .order_by(rows.sequence)
        .limit(1)
    )
    return tx.execute(first).scalar() or ""


def _whole_id(tx: Connection, beginning: str) -> str:
    found = tx.execute(select(schema.deliveries.c.id).where(Choice(ids=(beginning,)).where())).scalars().all()
    if len(found) != 1:
        raise WatcherError(f"{len(found) or 'no'} alerts have an id that begins with {beginning!r}")
    return str(found[0])


def _status(tx: Connection, row: Row[Any]) -> DeliveryStatus:
    links, rows = schema.delivery_documents.c, schema.deliveries.c
    numbers = tx.execute(select(links.document).where(links.delivery == row.sequence).order_by(links.document))
    digest = tx.execute(select(rows.id).where(rows.sequence == row.told_in)).scalar() if row.told_in else None
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
        message=row.message,
        uncertain=row.uncertain,
        payload=row.payload,
        digest=digest or "",
        documents=tuple(numbers.scalars()),
    )
