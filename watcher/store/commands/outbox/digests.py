"""Collects deliveries that must wait, or that waited too long, into the digest of their channel."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, select, update

from watcher.model import AlertKind, DeliveryState
from watcher.store import schema
from watcher.store.commands.outbox.enqueue import hold, link, open_digest
from watcher.store.commands.outbox.near_misses import copy_near_misses
from watcher.store.commands.outbox.revisions import copy_revisions
from watcher.store.dialect import Instant, deciding

CAUGHT_UP = "Caught up: these could not be delivered in time."
_MESSAGE_LIMIT = 4000  # characters
_HELD, _PENDING = DeliveryState.HELD.value, DeliveryState.PENDING.value
_rows, _links, _notified = schema.deliveries.c, schema.delivery_documents.c, schema.notified.c
_now = bindparam("now", type_=Instant)
_QUIET = (
    select(schema.deliveries)
    .where(_rows.channel == bindparam("name"), _rows.state == _PENDING)
    .where(_rows.due_at < bindparam("until", type_=Instant), ~_rows.urgent)
    .order_by(_rows.sequence)
)
_EXPIRE = (
    update(schema.deliveries)
    .where(_rows.sequence == bindparam("of"))
    .values(state=DeliveryState.EXPIRED.value, ended_at=_now, lease_until=None, told_in=bindparam("digest"))
)
_at = bindparam("at", type_=Instant)
_HURRY = (
    update(schema.deliveries)
    .where(_rows.sequence == bindparam("of"))
    .values(urgent=True, release_at=case((_rows.release_at > _at, _at), else_=_rows.release_at))
)
_MESSAGE = select(_rows.message).where(_rows.sequence == bindparam("of"))
_SET_MESSAGE = update(schema.deliveries).where(_rows.sequence == bindparam("of")).values(message=bindparam("body"))
_LINKS_OF = select(_links.document, _links.watches).where(_links.delivery == bindparam("of"))
_MOVE_STORY = (
    update(schema.notified)
    .where(
        _notified.channel == bindparam("name"),
        _notified.story
        == select(schema.documents.c.story).where(schema.documents.c.number == bindparam("number")).scalar_subquery(),
        _notified.delivery == bindparam("of"),
    )
    .values(delivery=bindparam("digest"))
)


def hold_back(tx: Connection, closed: Mapping[str, tuple[datetime, str]], *, now: datetime) -> None:
    """Holds released deliveries back that are meant for channels in quiet hours; urgent ones stay released.

    `closed`: channel -> the end of its quiet hours, and the reason.
    """
    deciding(tx)
    for channel, (until, reason) in closed.items():
        for row in tx.execute(_QUIET, {"name": channel, "until": until}).all():
            hold_back_row(tx, row, until=until, reason=reason, now=now)


def collect(
    tx: Connection, channel: str, taken: Iterable[Row[Any]], *, release_at: datetime, reason: str, now: datetime
) -> None:
    """Ends deliveries of a channel as expired; one digest carries what they have instead.

    With an urgent one among them the digest is urgent, and all that it has is sent when this one may be. The document
    of a revision is not a match of its own: the digest shows the revision.
    """
    deciding(tx)
    taken = list(taken)
    if not taken:
        return
    digest = open_digest(tx, channel, taken={row.sequence for row in taken}, release_at=release_at, now=now)
    digest = digest or hold(tx, channel, AlertKind.DIGEST, release_at=release_at, message=reason, now=now)
    if any(row.urgent for row in taken):
        tx.execute(_HURRY, {"of": digest, "at": release_at})
    _add_messages(tx, digest, [reason, *(row.message for row in taken)])
    for row in taken:
        if row.kind != AlertKind.REVISION.value:
            _move_documents(tx, row, digest)
        if row.kind == AlertKind.DIGEST.value:
            copy_near_misses(tx, row.sequence, digest)
        copy_revisions(tx, row.sequence, digest)
    tx.execute(_EXPIRE, [{"of": row.sequence, "now": now, "digest": digest} for row in taken])


def hold_back_row(tx: Connection, row: Row[Any], *, until: datetime, reason: str, now: datetime) -> None:
    """Holds one delivery back: a digest or an uncertain delivery as it is, any other one in a digest.

    An uncertain delivery may have been shown: only a repeat under its own id is not shown twice.
    """
    rows = schema.deliveries.c
    if row.kind == AlertKind.DIGEST.value or row.uncertain:
        moment = {"release_at": until} if row.state == _HELD else {"due_at": until}
        tx.execute(update(schema.deliveries).where(rows.sequence == row.sequence).values(moment))
    else:
        collect(tx, row.channel, [row], release_at=until, reason=reason, now=now)


def _add_messages(tx: Connection, digest: int, messages: Iterable[str]) -> None:
    message = tx.execute(_MESSAGE, {"of": digest}).scalar_one()
    lines = message.split("\n") if message else []
    lines += [line for other in messages for line in other.split("\n") if line]
    joined = "\n".join(dict.fromkeys(lines))[:_MESSAGE_LIMIT]
    if joined != message:
        tx.execute(_SET_MESSAGE, {"of": digest, "body": joined})


def _move_documents(tx: Connection, row: Row[Any], digest: int) -> None:
    """Moves the documents of a delivery to the digest, and the record that their stories were sent there."""
    held = tx.execute(_LINKS_OF, {"of": row.sequence}).all()
    for each in held:
        link(tx, digest, each.document, json.loads(each.watches))
    if held:
        moved = {"name": row.channel, "of": row.sequence, "digest": digest}
        tx.execute(_MOVE_STORY, [moved | {"number": each.document} for each in held])
