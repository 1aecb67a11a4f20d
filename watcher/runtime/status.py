"""How the daemon is: read from the store now and then, for systemd's status line, the metrics and the sign of life."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.pipeline.parts import Parts
from watcher.runtime.service import Steps
from watcher.store import health
from watcher.store.health import Health

EVERY = timedelta(seconds=15)  # at rest; at work after each poll, as often as SHARE allows
SHARE = 0.02  # of the time that looking may take: with 100,000 feeds a look takes a while


@dataclass(slots=True, kw_only=True)
class StatusMonitor:
    """Beats while the event loop turns and the store answers; that is what the sign of life stands for."""

    steps: Steps
    health: Health | None = None
    polled: int = -1
    beat_at: float = float("-inf")
    not_before: float = float("-inf")

    @property
    def parts(self) -> Parts:
        return self.steps.parts

    async def beat_if_due(self) -> bool:
        """Beats if something was polled, or if it is time to. Returns whether it did."""
        clock = asyncio.get_running_loop().time()
        resting = self.polled == self.steps.tally.polled
        if clock < self.not_before or (resting and clock - self.beat_at < EVERY.total_seconds()):
            return False
        self.polled, self.beat_at = self.steps.tally.polled, clock
        await self.beat()
        taken = asyncio.get_running_loop().time() - clock
        self.not_before = clock + min(taken / SHARE, EVERY.total_seconds())
        return True

    async def beat(self) -> None:
        """Reads the store and shows life."""
        now = self.parts.now()
        self.health = await self.parts.store.run(health.read_health, tuple(self.parts.setting.channels), now=now)
        self.parts.show_life(now)

    def status(self) -> str:
        """The status line: feeds, last poll, queue, and what is in hand."""
        in_hand = ", ".join(f"{lane.name} {lane.running}" for lane in self.steps.lanes)
        return f"{status_of(self.health) if self.health else 'starting'}; in hand: {in_hand}"


def status_of(health: Health) -> str:
    """Feeds, last poll, queue in one line."""
    failing = f" ({health.feeds_failing} failing)" if health.feeds_failing else ""
    queue = f"{health.entries_open} entries, {sum(health.deliveries_open.values())} alerts"
    parked = f"; parked: {', '.join(sorted(health.parked))}" if health.parked else ""
    return f"{health.feeds} feeds{failing}, last poll {_clock(health.last_poll_at)}; queue: {queue}{parked}"


def _clock(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "never"
