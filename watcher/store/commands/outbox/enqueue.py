"""Creates the deliveries of a document or a message: one for each channel, story and watch."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Connection,
    bindparam,
    insert,
    or_,
    select,
    update,
)

from watcher.model import (
    AlertKind,
    DeliveryState,
    StoryId,
)
from watcher.store import schema
from watcher.store.sql import upsert

SUMMARY_PATIENCE = timedelta(minutes=15)  # how long a summary waits for the last entries of a first poll
_HELD = DeliveryState.HELD.value
# Statements of every match are made once: making one takes longer than carrying it out.
_ROWS, _LINKS, _TOLD = schema.deliveries.c, schema.delivery_documents.c, schema.told.c
_HOLD = insert(schema.deliveries)
_WATCHES = select(_LINKS.watches).where(_LINKS.delivery == bindparam("of"), _LINKS.document == bindparam("telling"))
_LINK = upsert(schema.delivery_documents)
_LINK = _LINK.on_conflict_do_update(index_elements=["delivery", "document"], set_={"watches": _LINK.excluded.watches})
_KNOWN = select(_TOLD.watch).where(_TOLD.channel == bindparam("channel"), _TOLD.story == bindparam("story"))
_TELL = insert(schema.told)
_TAKEN_UP = select(_TOLD.delivery).where(_TOLD.channel == bindparam("channel"), _TOLD.story == bindparam("story"))
_HELD_OF = select(_ROWS.sequence).where(_ROWS.channel == bindparam("channel"), _ROWS.state == _HELD).limit(1)
_OPEN_ALERT = _HELD_OF.where(
    _ROWS.kind != AlertKind.SUMMARY.value,
    or_(_ROWS.story == bindparam("story"), _ROWS.sequence.in_(_TAKEN_UP)),
)
_OPEN_SUMMARY = _HELD_OF.where(_ROWS.kind == AlertKind.SUMMARY.value)
_SUMMARY_OF_STORY = _OPEN_SUMMARY.where(_ROWS.sequence.in_(_TAKEN_UP))


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
    row = {
        "id": str(uuid.uuid4()),
        "channel": channel,
        "kind": kind.value,
        "story": story,
        "message": message,
        "state": _HELD,
        "created_at": now,
        "release_at": release_at,
        "due_at": release_at,
        "urgent": urgent,
    }
    result = tx.execute(_HOLD, row)
    (sequence,) = result.inserted_primary_key or (0,)
    return int(sequence)


def link(tx: Connection, sequence: int, document: int, watches: Iterable[str]) -> None:
    """Makes a delivery tell of a document, for these watches beside those it tells of it already."""
    known = tx.execute(_WATCHES, {"of": sequence, "telling": document}).scalar()
    joined = dict.fromkeys([*(json.loads(known) if known else ()), *watches])
    text = json.dumps(list(joined), ensure_ascii=False)
    tx.execute(_LINK, {"delivery": sequence, "document": document, "watches": text})


def _tell_channel(
    tx: Connection, telling: Telling, channel: str, document: int, story: StoryId, wanted: list[str], *, now: datetime
) -> None:
    known = set(tx.execute(_KNOWN, {"channel": channel, "story": story}).scalars())
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
    if fresh:
        rows = [{"channel": channel, "story": story, "watch": watch, "delivery": sequence} for watch in fresh]
        tx.execute(_TELL, rows)


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
    return tx.execute(_OPEN_ALERT, {"channel": channel, "story": story}).scalar()


def _held_summary(tx: Connection, channel: str, story: StoryId) -> int | None:
    """The summary that is to tell the story and has not left yet: it names the story's further outlets too."""
    return tx.execute(_SUMMARY_OF_STORY, {"channel": channel, "story": story}).scalar()


def _open_summary(tx: Connection, channel: str, *, now: datetime) -> int:
    """The channel's held summary, which still takes documents in."""
    held = tx.execute(_OPEN_SUMMARY, {"channel": channel}).scalar()
    return held or hold(tx, channel, AlertKind.SUMMARY, release_at=now + SUMMARY_PATIENCE, now=now)
