"""Reads the health of the daemon from the store, for systemd's status line, the metrics and the sign of life."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.runtime.service import Service
from watcher.store.queries import health
from watcher.store.queries.health import Health

REST_INTERVAL = timedelta(seconds=15)  # while nothing is polled; else after each poll, as often as SHARE allows
SHARE = 0.02  # of the time that reading may take: with 100,000 feeds it takes a while


@dataclass(slots=True, kw_only=True)
class StatusMonitor:
    """Reads the health while the event loop turns and the store answers; the sign of life shows just that."""

    service: Service
    health: Health | None = None
    polled: int = -1
    read_at: float = float("-inf")
    not_before: float = float("-inf")

    async def refresh_if_due(self) -> bool:
        """Refreshes if a feed was polled, or if it is time to. Returns whether it did."""
        clock = asyncio.get_running_loop().time()
        resting = self.polled == self.service.tally.polled
        if clock < self.not_before or (resting and clock - self.read_at < REST_INTERVAL.total_seconds()):
            return False
        self.polled, self.read_at = self.service.tally.polled, clock
        await self.refresh()
        taken = asyncio.get_running_loop().time() - clock
        self.not_before = clock + min(taken / SHARE, REST_INTERVAL.total_seconds())
        return True

    async def refresh(self) -> None:
        """Reads the store and leaves a sign of life."""
        own = self.service.resources
        now = own.now()
        self.health = await own.store.run(health.read_health, tuple(self.service.settings.channels), now=now)
        own.show_life(now)

    def line(self) -> str:
        """The status line: feeds, last poll, queue, and the running tasks of each step."""
        running = ", ".join(f"{runner.name} {runner.running}" for runner in self.service.runners)
        return f"{line_of(self.health) if self.health else 'starting'}; running: {running}"


def line_of(health: Health) -> str:
    """Feeds, last poll and queue in one line."""
    failing = f" ({health.feeds_failing} failing)" if health.feeds_failing else ""
    queue = f"{health.entries_open} entries, {sum(health.deliveries_open.values())} alerts"
    parked = f"; parked: {', '.join(sorted(health.parked))}" if health.parked else ""
    return f"{health.feeds} feeds{failing}, last poll {_clock(health.last_poll_at)}; queue: {queue}{parked}"


def _clock(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "never"
