"""The changes that an operator makes by hand: repeats ended deliveries, drops waiting ones."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection, select, update

from watcher.model import AlertKind, DeliveryState
from watcher.store import schema
from watcher.store.commands.outbox.enqueue import hold, link
from watcher.store.commands.outbox.near_misses import copy_near_misses
from watcher.store.commands.outbox.revisions import copy_revisions
from watcher.store.queries.outbox_status import Choice

DROPPED = "dropped by hand"
_DROPPABLE = (DeliveryState.HELD.value, DeliveryState.PENDING.value, DeliveryState.PARKED.value)
_ENDED = (DeliveryState.DELIVERED.value, DeliveryState.DEAD.value, DeliveryState.EXPIRED.value)


def replay(tx: Connection, choice: Choice, *, now: datetime) -> int:
    """Repeats the chosen deliveries that have ended, under new ids. Returns their number."""
    rows, links = schema.deliveries.c, schema.delivery_documents.c
    ended = select(schema.deliveries).where(choice.where(), rows.state.in_(_ENDED)).order_by(rows.sequence)
    found = tx.execute(ended).all()
    for row in found:
        kind = AlertKind(row.kind)
        again = hold(tx, row.channel, kind, release_at=now, message=row.message, story=row.story, now=now)
        held = tx.execute(select(links.document, links.watches).where(links.delivery == row.sequence))
        for document, watches in held.all():
            link(tx, again, document, json.loads(watches))
        copy_near_misses(tx, row.sequence, again)
        copy_revisions(tx, row.sequence, again)
    return len(found)


def drop(tx: Connection, choice: Choice, *, now: datetime) -> int:
    """Ends the chosen deliveries that wait; one that is being sent is left alone. Returns their number."""
    rows = schema.deliveries.c
    dropped = update(schema.deliveries).where(choice.where(), rows.state.in_(_DROPPABLE))
    return tx.execute(dropped.values(state=DeliveryState.DEAD.value, ended_at=now, last_answer=DROPPED)).rowcount
