"""What one of the workers does for all: housekeeping, retention, lists, the review of feeds, and of who takes what."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from watcher.cluster.attendance import Attendance
from watcher.cluster.membership import Membership
from watcher.errors import HoldLost, StateError, WatcherError
from watcher.log import event
from watcher.runtime.claims import working_under
from watcher.runtime.service import Service
from watcher.store.commands.holds import UPKEEP
from watcher.store.fencing import Hold

log = logging.getLogger(__name__)

TICK = timedelta(seconds=1)
_TAKE_EVERY = 5  # ticks
HOUSEKEEPING = timedelta(seconds=30)
RETENTION = timedelta(minutes=10)
REVIEW = timedelta(hours=1)


class Upkeep:
    """Takes the hold of upkeep whenever it is free, and keeps it until the worker pauses or ends."""

    def __init__(self, service: Service, membership: Membership) -> None:
        self._membership = membership
        self._hold: Hold | None = None
        self._ticks = 0
        own = service.resources
        self._attendance = Attendance(own.store, settings=lambda: service.settings, now=own.now)
        self._work: tuple[tuple[timedelta, Callable[[], Awaitable[object]]], ...] = (
            (HOUSEKEEPING, service.keep_house),
            (RETENTION, service.delete_expired),
            (REVIEW, service.review_feeds),
            (TICK, service.lists.read_due),
            (membership.duration, self._attendance.look),
        )
        self._done_at = [float("-inf")] * len(self._work)

    async def tick(self) -> None:
        """Does what is due. Raises WatcherError."""
        if self._hold is None or not self._hold.is_valid():
            self._hold = None
            self._ticks += 1
            if self._ticks % _TAKE_EVERY == 1:
                self._hold = await self._membership.take(UPKEEP)
                self._attendance.begin()
        if self._hold is None:
            return
        now = asyncio.get_running_loop().time()
        with working_under(self._hold):
            for place, (every, work) in enumerate(self._work):
                if now - self._done_at[place] >= every.total_seconds():
                    self._done_at[place] = now
                    await self._try(work)

    async def stop(self) -> None:
        """Leaves the upkeep to others. If the database is away, they take it when the lease has ended."""
        hold, self._hold = self._hold, None
        if hold is not None and hold.is_valid():
            with suppress(StateError):
                await self._membership.free(hold)

    async def _try(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except HoldLost:
            self._hold = None
        except WatcherError as error:
            facts = event("step.failed", step="upkeep", error=str(error))
            log.error("the upkeep failed, and is tried again: %s", error, extra=facts)
