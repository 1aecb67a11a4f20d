"""What each channel is to be told: deliveries come into being here, once for each story and watch. No sending.

Their way from then on is in `collecting` (windows, digests), `outbox` (claims, attempts) and `outbox_list` (reading).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from watcher.model import AlertKind, DeliveryState, StoryId
from watcher.store import schema

SUMMARY_PATIENCE = timedelta(minutes=15)  # how long a summary waits for the last entries of a first poll

_HELD = DeliveryState.HELD.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Whom to tell of a document: watch -> channels, and per channel when its group window closes.

    `in_first_poll`: the channel gets one summary instead of an alert for each. `urgent`: the watches that break through
    quiet hours. `follow_ups`: the channels that hear of new watches on a story they know; None: all of them.
    `replies`: those that hear of every later outlet too, in the story's thread.
    """

    channels: Mapping[str, tuple[str, ...]]
    release_at: Mapping[str, datetime]
    in_first_poll: bool = False
    urgent: frozenset[str] = frozenset()
    follow_ups: frozenset[str] | None = None
    replies: frozenset[str] = frozenset()


def tell(
    tx: Connection, telling: Telling, document: int, story: StoryId, watches: Iterable[str], *, now: datetime
) -> None:
    """Holds what each channel is to be told of a document; a channel that knows the story hears only what is new."""
    by_channel: dict[str, list[str]] = {}
    for watch in watches:
        for channel in telling.channels.get(watch, ()):
            by_channel.setdefault(channel, []).append(watch)
    for channel, wanted in by_channel.items():
        _tell_channel(tx, telling, channel, document, story, wanted, now=now)


def notify(tx: Connection, channel: str, message: str, *, kind: AlertKind = AlertKind.NOTICE, now: datetime) -> None:
    """Puts a plain message on its way to a channel."""
    hold(tx, channel, kind, message=message, release_at=now, now=now)


def hold(
    tx: Connection,
    channel: str,
    kind: AlertKind,
    *,
    release_at: datetime,
    now: datetime,
    story: int | None = None,
    message: str = "",
    urgent: bool = False,
) -> int:
    """A new delivery, held until `release_at`; its sequence number."""
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
            urgent=urgent,
        )
    )
    (sequence,) = result.inserted_primary_key or (0,)
    return int(sequence)


def link(tx: Connection, sequence: int, document: int, watches: Iterable[str]) -> None:
    """Makes a delivery tell of a document, for these watches beside those it tells of it already."""
    links = schema.delivery_documents
    same = and_(links.c.delivery == sequence, links.c.document == document)
    known = tx.execute(select(links.c.watches).where(same)).scalar()
    joined = dict.fromkeys([*(json.loads(known) if known else ()), *watches])
    text = json.dumps(list(joined), ensure_ascii=False)
    row = sqlite_insert(links).values(delivery=sequence, document=document, watches=text)
    tx.execute(row.on_conflict_do_update(index_elements=["delivery", "document"], set_={"watches": text}))


def _tell_channel(
    tx: Connection, telling: Telling, channel: str, document: int, story: StoryId, wanted: list[str], *, now: datetime
) -> None:
    told = schema.told.c
    known = set(tx.execute(select(told.watch).where(told.channel == channel, told.story == story)).scalars())
    fresh = [watch for watch in wanted if watch not in known]
    urgent = not telling.urgent.isdisjoint(wanted)
    if telling.in_first_poll:
        sequence = _open_summary(tx, channel, now=now) if fresh else _held_summary(tx, channel, story)
    else:
        sequence = _open_alert(tx, channel, story)
        kind = _kind(tx, telling, channel, document, story, known=bool(known), fresh=bool(fresh))
        if sequence is None and kind is not None:
            release_at = telling.release_at.get(channel, now)
            sequence = hold(tx, channel, kind, story=story, release_at=release_at, urgent=urgent, now=now)
    if sequence is None:
        return
    if urgent:
        tx.execute(update(schema.deliveries).where(schema.deliveries.c.sequence == sequence).values(urgent=True))
    link(tx, sequence, document, fresh or wanted)
    for watch in fresh:
        tx.execute(insert(schema.told).values(channel=channel, story=story, watch=watch, delivery=sequence))


def _kind(
    tx: Connection, telling: Telling, channel: str, document: int, story: StoryId, *, known: bool, fresh: bool
) -> AlertKind | None:
    """As what the channel is told of the document, None if not at all."""
    if not known:
        return AlertKind.ALERT
    if fresh:
        wants = telling.follow_ups is None or channel in telling.follow_ups
        return AlertKind.FOLLOW_UP if wants else None
    if channel in telling.replies and _is_new_outlet(tx, channel, document, story):
        return AlertKind.FOLLOW_UP
    return None


def _is_new_outlet(tx: Connection, channel: str, document: int, story: StoryId) -> bool:
    """Whether none of the story's documents that the channel was told of is from this document's outlet."""
    documents, links, rows = schema.documents.c, schema.delivery_documents.c, schema.deliveries.c
    own = tx.execute(select(documents.site, documents.feed).where(documents.number == document)).one()
    told = tx.execute(
        select(documents.site, documents.feed)
        .join(schema.delivery_documents, links.document == documents.number)
        .join(schema.deliveries, rows.sequence == links.delivery)
        .where(documents.story == story, rows.channel == channel)
    )
    return all((other.site or other.feed) != (own.site or own.feed) for other in told)


def _open_alert(tx: Connection, channel: str, story: StoryId) -> int | None:
    """The story's delivery that has not left its group window; a digest that has taken it up counts too."""
    rows, told = schema.deliveries.c, schema.told.c
    taken_up = select(told.delivery).where(told.channel == channel, told.story == story)
    own = or_(rows.story == story, rows.sequence.in_(taken_up))
    held = and_(rows.channel == channel, rows.state == _HELD, rows.kind != AlertKind.SUMMARY.value, own)
    return tx.execute(select(rows.sequence).where(held).limit(1)).scalar()


def _held_summary(tx: Connection, channel: str, story: StoryId) -> int | None:
    """The summary that is to tell the story and has not left yet: it names the story's further outlets too."""
    told = schema.told.c
    taken_up = select(told.delivery).where(told.channel == channel, told.story == story)
    return open_collection(tx, channel, AlertKind.SUMMARY, schema.deliveries.c.sequence.in_(taken_up))


def _open_summary(tx: Connection, channel: str, *, now: datetime) -> int:
    return open_collection(tx, channel, AlertKind.SUMMARY) or hold(
        tx, channel, AlertKind.SUMMARY, release_at=now + SUMMARY_PATIENCE, now=now
    )


def open_collection(tx: Connection, channel: str, kind: AlertKind, *conditions: Any) -> int | None:
    """The channel's held summary or digest that still takes documents in, None if there is none."""
    rows = schema.deliveries.c
    held = and_(rows.channel == channel, rows.kind == kind.value, rows.state == _HELD, *conditions)
    return tx.execute(select(rows.sequence).where(held).limit(1)).scalar()
