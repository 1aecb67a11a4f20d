"""What each worker looks for every few seconds: rows without a shard, due work without a job, jobs of dead workers.

One worker sweeps at a time. A sweep is safe to repeat, and to miss.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from watcher.cluster.engine import Engine
from watcher.store import StoreThread
from watcher.store.commands import sweep

MOST_ASSIGNED = 2_000  # rows of one sweep


async def sweep_once(
    store: StoreThread,
    engine: Engine,
    *,
    shards: int,
    channels: Collection[str],
    revisits: bool,
    lease: timedelta,
    now: datetime,
) -> bool:
    """Sweeps, unless another worker does. `channels`: those of the config. Returns whether it swept."""
    swept = await store.run(
        sweep.sweep, shards=shards, channels=channels, revisits=revisits, lease=lease, limit=MOST_ASSIGNED, now=now
    )
    if swept is not None and swept.stalled:
        await engine.drop_stalled(lease)
    return swept is not None
