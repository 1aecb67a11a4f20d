"""Takes and frees the holds of workers. On PostgreSQL only.

Taking a hold voids the claims of the former holder, as `run` does with all claims at its start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from watcher.store import raw_cluster_sql as sql
from watcher.store.commands import outbox
from watcher.store.fencing import Hold
from watcher.store.queries.holds import Due, lock_current, lock_due

T = TypeVar("T")
V = TypeVar("V")
FETCH, DELIVER, ARCHIVE, UPKEEP = "fetch", "deliver", "archive", "upkeep"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenHold:
    """A hold that was taken. `age`: seconds since the former holder ended; infinite if that was the same worker."""

    token: int
    age: float


def shard_hold(shard: int) -> str:
    """The name of the hold on a shard."""
    return f"{FETCH} {shard}"


def channel_hold(channel: str) -> str:
    """The name of the hold on a channel."""
    return f"{DELIVER} {channel}"


def take(tx: Connection, name: str, worker: str, *, now: datetime) -> TakenHold | None:
    """Takes a hold for a worker that is alive. None if another one has it, or cannot be waited for now."""
    tx.execute(sql.MAKE_HOLD, {"name": name})
    found = tx.execute(sql.READ_HOLD, {"name": name}).first()
    if found is None or (found.alive and found.holder != worker):
        return None
    token = tx.execute(sql.TAKE_HOLD, {"name": name, "worker": worker}).scalar()
    if token is None:
        return None
    void_claims(tx, name, now=now)
    if found.holder is not None:  # it was not freed: its holder may have sent requests until now
        return TakenHold(token=token, age=0.0 if found.holder != worker else float("inf"))
    return TakenHold(token=token, age=float("inf") if found.former == worker else float(found.age))


def free(tx: Connection, name: str, token: int, *, now: datetime) -> bool:
    """Frees a hold, and voids the claims under it. False, with nothing changed, if it was lost before."""
    if not tx.execute(sql.FREE_HOLD, {"name": name, "token": token}).rowcount:
        return False
    void_claims(tx, name, now=now)
    return True


def free_abandoned(tx: Connection, *, now: datetime) -> int:
    """Frees the holds of workers whose lease ended, so that the work under them is due again. Returns how many.

    One that a suspended worker locks by its open transaction is left; the server ends that transaction soon.
    """
    abandoned = tx.execute(sql.ABANDONED_HOLDS).scalars().all()
    for name in abandoned:
        tx.execute(sql.ABANDON_HOLD, {"name": name})
        void_claims(tx, name, now=now)
    return len(abandoned)


def with_current(
    tx: Connection, command: Callable[..., T], values: Sequence[tuple[V, Hold | None]], /, **more: Any
) -> T:
    """Runs a command with those of the values whose hold is not lost. In the only process values have no hold."""
    held = {hold for _, hold in values if hold is not None}
    current = lock_current(tx, held) if held else held
    return command(tx, [value for value, hold in values if hold is None or hold in current], **more)


def claim_in_shards(
    tx: Connection,
    command: Callable[..., list[T]],
    due: Due,
    shards: Mapping[int, Hold],
    /,
    *,
    now: datetime,
    **asked: Any,
) -> list[T]:
    """Claims with `command` in those of the shards with `due` work whose holds are not lost."""
    held = lock_due(tx, due, shards, now=asked.get("due_by") or now)
    return command(tx, shards=held, now=now, **asked) if held else []


def void_claims(tx: Connection, name: str, *, now: datetime) -> None:
    """Gives the claims back that were made under a hold."""
    kind, _, of = name.partition(" ")
    if kind == FETCH:
        for statement in (sql.VOID_FEEDS, sql.VOID_ENTRIES, sql.VOID_REVISITS):
            tx.execute(statement, {"shard": int(of)})
    elif kind == DELIVER:
        outbox.void_claims(tx, channel=of, now=now)
