"""What is done about a wall clock that was set: back, nothing may stand still; forward, what is overdue comes once."""

from __future__ import annotations

import logging
from datetime import timedelta

from watcher.feeds.planner import DAY, JITTER
from watcher.log import event
from watcher.pipeline import deliver
from watcher.pipeline.ingest import RETRIES
from watcher.pipeline.parts import LEASE, Parts
from watcher.store import clock

log = logging.getLogger(__name__)

_PATIENCE = RETRIES[-1] * 1.2  # the longest pause before an entry's next try, its jitter counted in


async def mend_clock(parts: Parts) -> None:
    """Brings near what a clock that ran ahead has put off: polls, entries, deliveries, and the ends of claims."""
    now = parts.now()
    slowest = max((feed.slowest for feed in parts.setting.config.feeds), default=timedelta())
    farthest = max(slowest, DAY) * (1 + JITTER)
    mended = await parts.store.run(clock.mend_feeds, farthest=farthest, lease=LEASE, now=now)
    mended += await parts.store.run(clock.mend_entries, patience=_PATIENCE, lease=LEASE, now=now)
    if mended:
        log.warning(
            "the clock was set back: %d polls and entries would have waited for the old time",
            mended,
            extra=event("clock.set_back", mended=mended),
        )
    await deliver.mend_clock(parts)
