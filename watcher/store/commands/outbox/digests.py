"""Collects deliveries that must wait, or that waited too long, into the digest of their channel."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    bindparam,
    select,
    update,
)

from watcher.model import (
    AlertKind,
    DeliveryState,
)
from watcher.store import schema
from watcher.store.commands.outbox.enqueue import hold, link
from watcher.store.sql import Instant

CAUGHT_UP = "Caught up: these could not be told in time."
_MESSAGE_LIMIT = 4000  # characters
_HELD, _PENDING = DeliveryState.HELD.value, DeliveryState.PENDING.value
_DIGEST, _SUMMARY = AlertKind.DIGEST.value, AlertKind.SUMMARY.value
# Statements of every match are made once: making one takes longer than carrying it out.
_ROWS, _LINKS, _TOLD = schema.deliveries.c, schema.delivery_documents.c, schema.told.c
_NOW = bindparam("now", type_=Instant)
_QUIET = (
    select(schema.deliveries)
    .where(_ROWS.channel == bindparam("name"), _ROWS.state == _PENDING)
    .where(_ROWS.due_at < bindparam("until", type_=Instant), ~_ROWS.urgent)
    .order_by(_ROWS.sequence)
)
_HELD_DIGESTS = (
    select(_ROWS.sequence, _ROWS.release_at)
    .where(_ROWS.channel == bindparam("name"), _ROWS.state == _HELD, _ROWS.kind == _DIGEST)
    .order_by(_ROWS.sequence)
)
_EXPIRE = (
    update(schema.deliveries)
    .where(_ROWS.sequence == bindparam("of"))
    .values(state=DeliveryState.EXPIRED.value, ended_at=_NOW, lease_until=None, told_in=bindparam("digest"))
)
_MESSAGE = select(_ROWS.message).where(_ROWS.sequence == bindparam("of"))
_SAY = update(schema.deliveries).where(_ROWS.sequence == bindparam("of")).values(message=bindparam("said"))
_LINKS_OF = select(_LINKS.document, _LINKS.watches).where(_LINKS.delivery == bindparam("of"))
_RETELL = (
    update(schema.told)
    .where(
        _TOLD.channel == bindparam("name"),
        _TOLD.story
        == select(schema.documents.c.story).where(schema.documents.c.number == bindparam("telling")).scalar_subquery(),
        _TOLD.delivery == bindparam("of"),
    )
    .values(delivery=bindparam("digest"))
)


def hold_back(tx: Connection, closed: Mapping[str, tuple[datetime, str]], *, now: datetime) -> None:
    """Keeps what is on its way to channels that are quiet now until they are not; urgent ones go on.

    `closed`: channel -> until when, and why.
    """
    for channel, (until, reason) in closed.items():
        for row in tx.execute(_QUIET, {"name": channel, "until": until}).all():
            hold_back_row(tx, row, until=until, reason=reason, now=now)


def collect(
    tx: Connection, channel: str, taken: Iterable[Row[Any]], *, release_at: datetime, reason: str, now: datetime
) -> None:
    """Ends deliveries of a channel as expired; one digest tells their documents and messages instead."""
    taken = list(taken)
    if not taken:
        return
    digest = _open_digest(tx, channel, {row.sequence for row in taken}, release_at=release_at, now=now)
    digest = digest or hold(tx, channel, AlertKind.DIGEST, release_at=release_at, message=reason, now=now)
    _add_messages(tx, digest, [reason, *(row.message for row in taken)])
    for row in taken:
        _retell(tx, row, digest)
    tx.execute(_EXPIRE, [{"of": row.sequence, "now": now, "digest": digest} for row in taken])


def hold_back_row(tx: Connection, row: Row[Any], *, until: datetime, reason: str, now: datetime) -> None:
    """A digest waits as it is; so does what may have been shown already: only under its own name is it told once."""
    rows = schema.deliveries.c
    if row.kind == AlertKind.DIGEST.value or row.uncertain:
        moment = {"release_at": until} if row.state == _HELD else {"due_at": until}
        tx.execute(update(schema.deliveries).where(rows.sequence == row.sequence).values(moment))
    else:
        collect(tx, row.channel, [row], release_at=until, reason=reason, now=now)


def _open_digest(
    tx: Connection, channel: str, taken: Collection[int], *, release_at: datetime, now: datetime
) -> int | None:
    """The channel's held digest that still takes documents in: not one of those taken, and not to be told before."""
    for row in tx.execute(_HELD_DIGESTS, {"name": channel}):
        if row.sequence not in taken and (row.release_at > now or row.release_at >= release_at):
            return int(row.sequence)
    return None


def _add_messages(tx: Connection, digest: int, messages: Iterable[str]) -> None:
    said = tx.execute(_MESSAGE, {"of": digest}).scalar_one()
    lines = said.split("\n") if said else []
    lines += [line for message in messages for line in message.split("\n") if line]
    joined = "\n".join(dict.fromkeys(lines))[:_MESSAGE_LIMIT]
    if joined != said:
        tx.execute(_SAY, {"of": digest, "said": joined})


def _retell(tx: Connection, row: Row[Any], digest: int) -> None:
    """The digest tells what a delivery was to tell, and is remembered for it."""
    held = tx.execute(_LINKS_OF, {"of": row.sequence}).all()
    for each in held:
        link(tx, digest, each.document, json.loads(each.watches))
    if held:
        told = {"name": row.channel, "of": row.sequence, "digest": digest}
        tx.execute(_RETELL, [told | {"telling": each.document} for each in held])
