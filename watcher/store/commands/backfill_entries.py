"""Claims the tasks of backfills with their entries, and ends both in one transaction.

The end of the last entry ends the backfill, and its summaries are due from then on.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, Connection, Integer, bindparam, exists, select, text, update

from watcher.model import DeliveryState
from watcher.store import schema
from watcher.store.dialect import deciding, values_of

_backfills, _tasks, _deliveries = schema.backfills.c, schema.backfill_entries.c, schema.deliveries.c
_OPEN = text("backfill_entries.outcome = ''")  # literally: only then does SQLite use the partial indexes
_TASKS = (
    select(_tasks.backfill, _tasks.entry, _backfills.watch, _tasks.link_key, _tasks.variant, _tasks.reopened)
    .join(schema.backfills, _backfills.id == _tasks.backfill)
    .where(_OPEN, _tasks.entry.in_(values_of("entries")))
    .order_by(_tasks.backfill)
)
OPEN_ENTRIES = select(_tasks.entry).where(_OPEN)
"""The ids of the entries that a backfill waits for."""

_END = (
    update(schema.backfill_entries)
    .where(_tasks.backfill == bindparam("of"), _tasks.entry == bindparam("ended"), _tasks.outcome == "")
    .values(
        outcome=bindparam("became"),
        document=bindparam("number", type_=Integer),
        from_seen=bindparam("stored", type_=Boolean),
    )
)
_END_BACKFILL = (
    update(schema.backfills)
    .where(
        _backfills.id == bindparam("of"),
        _backfills.ended_at.is_(None),
        ~exists(select(_tasks.entry).where(_OPEN, _tasks.backfill == bindparam("of"))),
    )
    .values(ended_at=bindparam("at", type_=_backfills.ended_at.type))
)
_RELEASE = (
    update(schema.deliveries)
    .where(_deliveries.backfill == bindparam("of"), _deliveries.state == DeliveryState.HELD.value)
    .values(release_at=bindparam("at", type_=_deliveries.release_at.type), due_at=bindparam("at"))
)


class BackfillOutcome(StrEnum):
    """What became of an article that a backfill looked for. KNOWN: it was a document already."""

    DOCUMENT = "document"
    KNOWN = "known"
    UNMATCHED = "unmatched"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillTask:
    """The reason why a backfill has an entry ingested. `link_key`, `variant`: of its text in the seen archive.

    `reopened`: nobody else asked for the ingestion, so that only the matches of `watch` count.
    """

    backfill: int
    watch: str
    link_key: int
    variant: int
    reopened: bool


def tasks_of(tx: Connection, entries: Iterable[int]) -> Mapping[int, tuple[BackfillTask, ...]]:
    """Returns the open tasks of these entries, by entry."""
    found: dict[int, list[BackfillTask]] = defaultdict(list)
    for row in tx.execute(_TASKS, {"entries": json.dumps(list(entries))}):
        task = BackfillTask(
            backfill=row.backfill,
            watch=row.watch,
            link_key=row.link_key,
            variant=row.variant,
            reopened=row.reopened,
        )
        found[row.entry].append(task)
    return {entry: tuple(tasks) for entry, tasks in found.items()}


def end_tasks(
    tx: Connection,
    entry: int,
    tasks: Iterable[BackfillTask],
    outcome: BackfillOutcome,
    *,
    document: int | None = None,
    from_seen: bool = False,
    now: datetime,
) -> None:
    """Ends the tasks of an entry, and each backfill of which it was the last."""
    for task in tasks:
        ended = {"of": task.backfill, "ended": entry, "became": outcome.value}
        tx.execute(_END, {**ended, "number": document, "stored": from_seen})
        end_if_done(tx, task.backfill, now=now)


def end_if_done(tx: Connection, backfill: int, *, now: datetime) -> None:
    """Ends a backfill all of whose entries have ended, and makes its summaries due."""
    deciding(tx)
    if tx.execute(_END_BACKFILL, {"of": backfill, "at": now}).rowcount:
        tx.execute(_RELEASE, {"of": backfill, "at": now})
