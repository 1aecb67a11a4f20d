"""The statements of every delivery, made once: making one takes longer than carrying it out.

Their parameters are named where they differ from columns: `of` is a delivery's sequence; lists and objects are JSON.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Integer,
    LargeBinary,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from watcher.model import DeliveryState
from watcher.store import schema

_PENDING, _SENDING = DeliveryState.PENDING.value, DeliveryState.SENDING.value
_rows, _channels, _links = schema.deliveries.c, schema.channels.c, schema.delivery_documents.c
_now = bindparam("now", type_=schema.Instant)
_of = _rows.sequence == bindparam("of")

# Who is being told, and whether the message was rendered, so that it may have been sent.
IN_HAND = select(_rows.sequence, _rows.lease_until, _rows.payload.is_not(None).label("sent")).where(
    _rows.state == _SENDING
)
_sent = bindparam("sent", type_=Boolean)
LOSE = (
    update(schema.deliveries)
    .where(_of)
    .values(
        state=_PENDING,
        lease_until=None,
        uncertain=case((_sent, True), else_=_rows.uncertain),
        last_answer=case((_sent, bindparam("said")), else_=_rows.last_answer),
    )
)

# The head of each of the `channels` is one step into an index; a group over all that waits would read it all.
_wanted = func.json_each(bindparam("channels", type_=Text)).table_valued("value").alias("wanted")
_first, _busy = schema.deliveries.alias("first"), schema.deliveries.alias("busy")
_head = (
    select(_first.c.sequence)
    .where(_first.c.state == _PENDING, _first.c.channel == _wanted.c.value)
    .where(or_(_first.c.due_at <= _now, _first.c.attempts < bindparam("in_order")))
    .order_by(_first.c.sequence)
    .limit(1)
    .correlate(_wanted)
    .scalar_subquery()
)
HEADS = (
    select(schema.deliveries, _channels.failing_since)
    .select_from(
        _wanted.join(schema.deliveries, _rows.sequence == _head).outerjoin(
            schema.channels, _channels.name == _wanted.c.value
        )
    )
    .where(
        _rows.due_at <= _now,
        _channels.parked_at.is_(None),
        or_(_channels.paused_until.is_(None), _channels.paused_until <= _now),
        ~exists().where(_busy.c.state == _SENDING, _busy.c.channel == _wanted.c.value).correlate(_wanted),
    )
    .order_by(_rows.sequence)
)
CLAIM = (
    update(schema.deliveries).where(_of).values(state=_SENDING, lease_until=bindparam("until", type_=schema.Instant))
)
LINKS_OF = (
    select(schema.delivery_documents)
    .where(_links.delivery.in_(schema.values_of("deliveries")))
    .order_by(_links.document)
)

# `since`: channel -> until when released, in microseconds, is too old. CROSS JOIN: SQLite goes channel by channel.
TOO_OLD = text("""
    SELECT deliveries.sequence FROM json_each(:since) AS oldest
    CROSS JOIN deliveries ON deliveries.state = 'pending' AND deliveries.channel = oldest.key
    WHERE deliveries.release_at <= oldest.value
        AND oldest.key NOT IN (SELECT name FROM channels WHERE parked_at IS NOT NULL)
""")
ROWS_OF = (
    select(schema.deliveries)
    .where(_rows.sequence.in_(schema.values_of("deliveries")))
    .order_by(_rows.channel, _rows.sequence)
)

KEEP = update(schema.deliveries).where(_of).values(payload=bindparam("rendered"))

RECORD = insert(schema.attempts)
_held = and_(_rows.state == _SENDING, _rows.lease_until == bindparam("lease", type_=schema.Instant))
_open = or_(_rows.state == _PENDING, _rows.state == _SENDING, _rows.state == DeliveryState.PARKED.value)
_simpler = bindparam("simpler", type_=LargeBinary)
SETTLE = (
    update(schema.deliveries)
    .where(_of, or_(_held, and_(bindparam("delivered", type_=Boolean), _open)))
    .values(
        state=bindparam("to"),
        lease_until=None,
        last_answer=bindparam("said"),
        attempts=_rows.attempts + bindparam("counted", type_=Integer),
        ended_at=bindparam("ended", type_=schema.Instant),
        uncertain=case((bindparam("doubtful", type_=Boolean), True), else_=_rows.uncertain),
        reference=func.coalesce(bindparam("named", type_=Text), _rows.reference),
        due_at=func.coalesce(bindparam("due", type_=schema.Instant), _rows.due_at),
        payload=func.coalesce(_simpler, _rows.payload),
        simplified=case((_simpler.is_not(None), True), else_=_rows.simplified),
    )
    .returning(
        select(_channels.failing_since)
        .where(_channels.name == bindparam("told_at"))
        .scalar_subquery()
        .label("failing_since")
    )
)
