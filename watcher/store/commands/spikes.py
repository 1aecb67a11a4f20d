"""Counts the live matches of a day, and notifies the channels of a watch once if that day is a spike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, delete, select, update

from watcher.model import SpikeRule
from watcher.store import schema
from watcher.store.commands.outbox import Recipients, notify
from watcher.store.dialect import Instant, upsert
from watcher.store.queries.timeline import counts_of_days
from watcher.text.days import number_of_day

_rows = schema.spike_days.c
_DATE = select(schema.documents.c.date).where(schema.documents.c.number == bindparam("of"))
_COUNT = (
    upsert(schema.spike_days)
    .values(watch=bindparam("watch"), day=bindparam("day"), matches=1)
    .on_conflict_do_update(index_elements=["watch", "day"], set_={"matches": _rows.matches + 1})
    .returning(_rows.matches, _rows.notified_at)
)
_NOTIFIED = (
    update(schema.spike_days)
    .where(_rows.watch == bindparam("of"), _rows.day == bindparam("on"))
    .values(notified_at=bindparam("now", type_=Instant))
)


def count(tx: Connection, recipients: Recipients, document: int, watches: Iterable[str], *, now: datetime) -> None:
    """Counts new matches of a document for those watches that look for spikes.

    Matches of a first poll, of the trial of a new watch and of a backfill are not counted: these bring many at once.
    They do count among the days to which a day is compared.
    """
    rule = recipients.spikes
    if rule is None or recipients.in_first_poll:
        return
    wanted = [watch for watch in watches if watch in rule.watches and watch not in recipients.backfills]
    dated = tx.execute(_DATE, {"of": document}).scalar() if wanted else None
    for day in (each for each in rule.days if each.isoformat() == dated):
        for watch in wanted:
            _count(tx, rule, watch, day, recipients.channels.get(watch, ()), now=now)


def drop(tx: Connection, *, before: int, limit: int) -> int:
    """Deletes the counts of days before then, in days since 1970. Returns their number."""
    some = select(_rows.watch, _rows.day).where(_rows.day < before).limit(limit)
    found = tx.execute(some).all()
    for row in found:
        tx.execute(delete(schema.spike_days).where(_rows.watch == row.watch, _rows.day == row.day))
    return len(found)


def _count(tx: Connection, rule: SpikeRule, watch: str, day: date, channels: Iterable[str], *, now: datetime) -> None:
    number = number_of_day(day)
    counted = tx.execute(_COUNT, {"watch": watch, "day": number}).one()
    if counted.notified_at is not None or counted.matches < rule.least:
        return
    *before, judged = counts_of_days(tx, watch, range(number - rule.days_before, number + 1))
    if message := rule.judge(watch, judged, before):
        tx.execute(_NOTIFIED, {"of": watch, "on": number, "now": now})
        for channel in channels:
            notify(tx, channel, message, now=now)
