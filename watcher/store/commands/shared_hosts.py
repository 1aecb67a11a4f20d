"""The pace of hosts that several workers ask at the same time, because redirects lead there. On PostgreSQL only.

    share ─▶ open, once the holder of the host's shard knows ─▶ take a turn ─▶ note the start

A turn reserves the host for a while, so that a late start is still a pause away from the next one.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from watcher.store import raw_cluster_sql as sql

KEEP = timedelta(minutes=10)  # a host counts as shared for this long after the last request by another worker


def share(tx: Connection, host: str, *, shard: int) -> None:
    """Says that a worker asks a host whose shard it does not hold."""
    tx.execute(sql.SHARE_HOST, {"host": host, "shard": shard, "keep": KEEP})


def take_turn(tx: Connection, host: str, *, hold: str, pause: timedelta, reserved: timedelta) -> float:
    """Takes the next turn at a host for `reserved`. Returns 0.0, else the seconds to wait before the next try.

    `hold`: on the host's shard; the first turn waits until its holder knows that the host is shared.
    """
    tx.execute(sql.BEGIN_SHARING, {"host": host})
    tx.execute(sql.OPEN_SHARED_HOST, {"host": host, "hold": hold, "pause": pause})
    if tx.execute(sql.TAKE_TURN, {"host": host, "reserved": reserved}).first() is not None:
        return 0.0
    seconds = tx.execute(sql.WAIT_FOR_TURN, {"host": host}).scalar()
    return max(float(seconds or 0.0), 0.001)


def note_start(tx: Connection, host: str, *, pause: timedelta) -> None:
    """Says that the request of a turn starts now."""
    tx.execute(sql.NOTE_START, {"host": host, "pause": pause})
