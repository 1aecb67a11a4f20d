"""Defers jobs of the engine that wake workers, in the transaction that creates the work. On PostgreSQL only.

A job names what is to be worked on, no row: rows hold the truth. One that is queued or running already is enough.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from watcher.store import raw_cluster_sql as sql
from watcher.store.commands.holds import ARCHIVE, DELIVER, FETCH, channel_hold, shard_hold
from watcher.store.dialect import shard_count
from watcher.store.fencing import current_hold
from watcher.store.queries import due_work

SHARD_QUEUE = "fetch-{}"


def wake_shards(tx: Connection, shards: Iterable[int | None]) -> None:
    """Defers `fetch` for each shard, in a worker's transaction; that under whose hold it runs needs none."""
    if not shard_count(tx):
        return
    hold = current_hold.get()
    for shard in sorted({shard for shard in shards if shard is not None}):
        if hold is None or hold.name != shard_hold(shard):
            defer_fetch(tx, shard)


def wake_archive(tx: Connection) -> None:
    """Defers `archive`, in a worker's transaction."""
    if shard_count(tx):
        defer_archive(tx)


def wake_channels(tx: Connection, channels: Iterable[str]) -> None:
    """Defers `deliver` for each channel, in a worker's transaction."""
    if shard_count(tx):
        for channel in sorted(channels):
            defer_delivery(tx, channel)


def defer_fetch(tx: Connection, shard: int) -> None:
    """Defers the job that works on a shard."""
    _defer(tx, SHARD_QUEUE.format(shard), FETCH, shard_hold(shard), {"shard": shard})


def defer_archive(tx: Connection) -> None:
    """Defers the job that writes the files of documents."""
    _defer(tx, ARCHIVE, ARCHIVE, ARCHIVE, {})


def defer_delivery(tx: Connection, channel: str) -> None:
    """Defers the job that sends to a channel."""
    _defer(tx, DELIVER, DELIVER, channel_hold(channel), {"channel": channel})


def defer_again(tx: Connection, task: str, args: Mapping[str, object], *, revisits: bool, now: datetime) -> None:
    """Defers a job that ended again, if work is due for it: it was handed over, or the work came meanwhile.

    `revisits`: whether pages of documents are read again; otherwise those that are due do not count.
    """
    if task == FETCH:
        shard = int(str(args["shard"]))
        if due_work.due_shards(tx, [shard], revisits=revisits, now=now):
            defer_fetch(tx, shard)
    elif task == DELIVER:
        if (channel := str(args["channel"])) in due_work.due_channels(tx, now=now):
            defer_delivery(tx, channel)
    elif due_work.is_a_file_missing(tx):
        defer_archive(tx)


def _defer(tx: Connection, queue: str, task: str, name: str, args: dict[str, object]) -> None:
    tx.execute(sql.DEFER_JOB, {"queue": queue, "task": task, "name": name, "args": json.dumps(args)})
