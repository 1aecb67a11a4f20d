"""Repairs due times after the wall clock was set back, so that nothing waits until the old time comes again.

A clock set forward needs no repair: overdue work is done once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from watcher.alerts.outcome import LONGEST_WAIT
from watcher.feeds import planner
from watcher.feeds.interval import DAY, JITTER
from watcher.log import event
from watcher.pipeline.ingest import RETRIES
from watcher.pipeline.settings import LEASE, Settings
from watcher.runtime import host_limiter
from watcher.store import StoreThread
from watcher.store.commands import clock_skew, outbox

log = logging.getLogger(__name__)

_ENTRY_WAITS = clock_skew.EntryWaits(
    retry=RETRIES[-1] * 1.2,  # with its jitter
    host=host_limiter.LATEST,
    changed=planner.LONGEST_WAIT,
    many=planner.FREE_INGESTIONS,
)
_LONGEST_DELIVERY_WAIT = LONGEST_WAIT + timedelta(minutes=1)  # only a digest waits longer


async def repair_due_times(settings: Settings, store: StoreThread, *, now: Callable[[], datetime]) -> None:
    """Brings near the due times of polls, entries, deliveries and leases that are further ahead than any can.

    `now` is asked in each transaction: it may wait for others, and these write moments meanwhile.
    """
    slowest = max((feed.slowest for feed in settings.feeds.values()), default=timedelta())
    farthest = max(slowest, DAY) * (1 + JITTER)
    repaired = await store.run(
        clock_skew.with_clock,
        partial(clock_skew.correct_feeds, farthest=farthest, host_wait=host_limiter.LATEST, lease=LEASE),
        now,
    )
    correct_entries = partial(clock_skew.correct_entries, waits=_ENTRY_WAITS, lease=LEASE)
    repaired += await store.run(clock_skew.with_clock, correct_entries, now)
    if settings.config.revisions.enabled:
        longest = settings.config.revisions.schedule[-1]
        correct_revisits = partial(clock_skew.correct_revisits, farthest=longest, lease=LEASE)
        repaired += await store.run(clock_skew.with_clock, correct_revisits, now)
    if repaired:
        log.warning(
            "the clock was set back: %d polls, entries and pages would have waited for the old time",
            repaired,
            extra=event("clock.set_back", repaired=repaired),
        )
    await repair_deliveries(settings, store, now=now())


async def repair_deliveries(settings: Settings, store: StoreThread, *, now: datetime) -> None:
    """Brings near the deliveries that are further ahead than a retry, or their channel's next window."""
    latest = {name: window.latest(now) for name, window in settings.windows.items()}
    await store.run(outbox.correct_clock_skew, latest, patience=_LONGEST_DELIVERY_WAIT, now=now)
