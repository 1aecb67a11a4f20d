"""Creates deliveries: a channel is notified once of each story and watch."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from watcher.model import AlertKind, DeliveryState, SpikeRule, StoryId
from watcher.store import schema
from watcher.store.dialect import deciding, upsert

SUMMARY_PATIENCE = timedelta(minutes=15)  # how long a summary waits for the last entries of a first poll
_HELD = DeliveryState.HELD.value
_rows, _links, _notified = schema.deliveries.c, schema.delivery_documents.c, schema.notified.c
_HOLD = insert(schema.deliveries)
_WATCHES = select(_links.watches).where(_links.delivery == bindparam("of"), _links.document == bindparam("number"))
_LINK = upsert(schema.delivery_documents)
_LINK = _LINK.on_conflict_do_update(index_elements=["delivery", "document"], set_={"watches": _LINK.excluded.watches})
_NOTIFIED = select(_notified.watch).where(
    _notified.channel == bindparam("channel"), _notified.story == bindparam("story")
)
_REMEMBER = insert(schema.notified)
_CARRIERS = select(_notified.delivery).where(
    _notified.channel == bindparam("channel"), _notified.story == bindparam("story")
)
_HELD_OF = select(_rows.sequence).where(_rows.channel == bindparam("channel"), _rows.state == _HELD).limit(1)
_OPEN_ALERT = (
    select(_rows.sequence, _rows.kind)
    .where(_rows.channel == bindparam("channel"), _rows.state == _HELD)
    .where(_rows.kind.not_in([AlertKind.SUMMARY.value, AlertKind.REVISION.value]))
    .where(or_(_rows.story == bindparam("story"), _rows.sequence.in_(_CARRIERS)))
    .order_by(_rows.kind == AlertKind.DIGEST.value, _rows.sequence)
    .limit(1)
)
_OPEN_SUMMARY = _HELD_OF.where(_rows.kind == AlertKind.SUMMARY.value, _rows.backfill.is_(None))
_SUMMARY_OF_BACKFILL = _HELD_OF.where(_rows.backfill == bindparam("backfill"))
_WATCH_OF = select(schema.backfills.c.watch).where(schema.backfills.c.id == bindparam("backfill"))
_SUMMARY_OF_STORY = _HELD_OF.where(_rows.kind == AlertKind.SUMMARY.value, _rows.sequence.in_(_CARRIERS))
_HELD_DIGESTS = (
    select(_rows.sequence, _rows.release_at)
    .where(_rows.channel == bindparam("name"), _rows.state == _HELD, _rows.kind == AlertKind.DIGEST.value)
    .order_by(_rows.sequence)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """The channels to notify of a document: watch -> channels, and channel -> the end of its group window.

    `in_first_poll`: each channel receives one summary instead of an alert for each document. `urgent`: the watches that
    break through quiet hours. `digests`: the channels that receive digests only. `follow_ups`: the channels that are
    notified when further watches match a story that they know; None: all of them. `replies`: the channels that are
    notified of every later outlet too, in the story's thread.
    `backfills`: watch -> the backfill that looks for it, whose summary is sent instead. `spikes`: None if no watch
    looks for them.
    """

    channels: Mapping[str, tuple[str, ...]]
    release_at: Mapping[str, datetime]
    in_first_poll: bool = False
    urgent: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    follow_ups: frozenset[str] | None = None
    replies: frozenset[str] = frozenset()
    backfills: Mapping[str, int] = field(default_factory=dict)
    spikes: SpikeRule | None = None


def notify_of_document(
    tx: Connection, recipients: Recipients, document: int, story: StoryId, watches: Iterable[str], *, now: datetime
) -> None:
    """Holds a delivery of a document for each channel. A channel that knows the story is notified of news only."""
    deciding(tx)
    wanted: dict[tuple[str, int | None], list[str]] = {}
    for watch in watches:
        for channel in recipients.channels.get(watch, ()):
            wanted.setdefault((channel, recipients.backfills.get(watch)), []).append(watch)
    for (channel, backfill), names in wanted.items():
        _notify_channel(tx, recipients, channel, document, story, names, backfill=backfill, now=now)


def notify(tx: Connection, channel: str, message: str, *, kind: AlertKind = AlertKind.NOTICE, now: datetime) -> None:
    """Holds a plain message for a channel, due now."""
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
    backfill: int | None = None,
) -> int:
    """Creates a delivery that is held until `release_at`. Returns its sequence number.

    `backfill`: it is held until this backfill ends, however early `release_at` is.
    """
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
        "backfill": backfill,
    }
    result = tx.execute(_HOLD, row)
    (sequence,) = result.inserted_primary_key or (0,)
    return int(sequence)


def link(tx: Connection, sequence: int, document: int, watches: Iterable[str]) -> None:
    """Adds a document to a delivery, for these watches beside those that it has there already."""
    known = tx.execute(_WATCHES, {"of": sequence, "number": document}).scalar()
    joined = dict.fromkeys([*(json.loads(known) if known else ()), *watches])
    text = json.dumps(list(joined), ensure_ascii=False)
    tx.execute(_LINK, {"delivery": sequence, "document": document, "watches": text})


def open_digest(
    tx: Connection, channel: str, *, release_at: datetime, now: datetime, taken: Collection[int] = ()
) -> int | None:
    """The channel's held digest to which something can be added: none of `taken`, and not released before then."""
    deciding(tx)
    for row in tx.execute(_HELD_DIGESTS, {"name": channel}):
        if row.sequence not in taken and (row.release_at > now or row.release_at >= release_at):
            return int(row.sequence)
    return None


def _notify_channel(
    tx: Connection,
    recipients: Recipients,
    channel: str,
    document: int,
    story: StoryId,
    wanted: list[str],
    *,
    backfill: int | None,
    now: datetime,
) -> None:
    known = set(tx.execute(_NOTIFIED, {"channel": channel, "story": story}).scalars())
    fresh = [watch for watch in wanted if watch not in known]
    urgent = not recipients.urgent.isdisjoint(wanted)
    if recipients.in_first_poll or backfill is not None:
        sequence = (
            _open_summary(tx, channel, backfill=backfill, now=now) if fresh else _held_summary(tx, channel, story)
        )
    else:
        sequence = _alert(tx, recipients, channel, document, story, fresh, known=bool(known), now=now)
    if sequence is None:
        return
    if urgent:
        tx.execute(update(schema.deliveries).where(schema.deliveries.c.sequence == sequence).values(urgent=True))
    link(tx, sequence, document, fresh or wanted)
    if fresh:
        rows = [{"channel": channel, "story": story, "watch": watch, "delivery": sequence} for watch in fresh]
        tx.execute(_REMEMBER, rows)


def _alert(
    tx: Connection,
    recipients: Recipients,
    channel: str,
    document: int,
    story: StoryId,
    fresh: list[str],
    *,
    known: bool,
    now: datetime,
) -> int | None:
    """The held delivery to which a document is added, created if there is none; None if the channel wants none.

    A digest may be held for a whole night: an urgent watch that is news for the channel has an alert of its own.
    """
    held = tx.execute(_OPEN_ALERT, {"channel": channel, "story": story}).first()
    sequence = None if held is None else int(held.sequence)
    if held is not None:
        urgent_news = not recipients.urgent.isdisjoint(fresh) and channel not in recipients.digests
        if held.kind != AlertKind.DIGEST.value or not urgent_news:
            return sequence
        known = any(of != sequence for of in tx.execute(_CARRIERS, {"channel": channel, "story": story}).scalars())
    kind = _kind(tx, recipients, channel, document, story, known=known, fresh=bool(fresh))
    if kind is None:
        return sequence
    return hold(tx, channel, kind, story=story, release_at=recipients.release_at.get(channel, now), now=now)


def _kind(
    tx: Connection, recipients: Recipients, channel: str, document: int, story: StoryId, *, known: bool, fresh: bool
) -> AlertKind | None:
    """The kind of alert that the channel receives, None if it receives none."""
    if not known:
        return AlertKind.ALERT
    if fresh:
        wants = recipients.follow_ups is None or channel in recipients.follow_ups
        return AlertKind.FOLLOW_UP if wants else None
    if channel in recipients.replies and _is_new_outlet(tx, channel, document, story):
        return AlertKind.FOLLOW_UP
    return None


def _is_new_outlet(tx: Connection, channel: str, document: int, story: StoryId) -> bool:
    """Whether the channel was not yet notified of a document of this story from this document's outlet."""
    documents, links, rows = schema.documents.c, schema.delivery_documents.c, schema.deliveries.c
    own = tx.execute(select(documents.site, documents.feed).where(documents.number == document)).one()
    others = tx.execute(
        select(documents.site, documents.feed)
        .join(schema.delivery_documents, links.document == documents.number)
        .join(schema.deliveries, rows.sequence == links.delivery)
        .where(documents.story == story, rows.channel == channel)
    )
    return all((other.site or other.feed) != (own.site or own.feed) for other in others)


def _held_summary(tx: Connection, channel: str, story: StoryId) -> int | None:
    """The held summary that carries the story: it names the story's further outlets too."""
    return tx.execute(_SUMMARY_OF_STORY, {"channel": channel, "story": story}).scalar()


def _open_summary(tx: Connection, channel: str, *, backfill: int | None, now: datetime) -> int:
    """The channel's held summary, to which documents are still added; created if there is none.

    A backfill has a summary of its own.
    """
    if backfill is None:
        held = tx.execute(_OPEN_SUMMARY, {"channel": channel}).scalar()
    else:
        held = tx.execute(_SUMMARY_OF_BACKFILL, {"channel": channel, "backfill": backfill}).scalar()
    if held:
        return int(held)
    watch = None if backfill is None else tx.execute(_WATCH_OF, {"backfill": backfill}).scalar()
    message = "" if watch is None else f'Found by a backfill of the watch "{watch}".'
    release_at = now + SUMMARY_PATIENCE
    return hold(tx, channel, AlertKind.SUMMARY, release_at=release_at, message=message, backfill=backfill, now=now)
