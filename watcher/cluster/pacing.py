"""The pauses of hosts across workers.

- A host whose shard this worker holds is paced here. The first request waits for a pause after the former holder ended.
- Any other host, to which a redirect led, is paced by a row of the database; so is a host of this worker that others
  ask, too. The holder of its shard knows of that from the second renewal of its lease on; until then nobody else asks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from watcher.cluster.membership import Lease, boot_time
from watcher.errors import StateError
from watcher.net.politeness import Turn
from watcher.runtime.claims import Holdings
from watcher.store import StoreThread
from watcher.store.commands import shared_hosts
from watcher.store.commands.holds import shard_hold
from watcher.store.fencing import Hold, current_hold, lost
from watcher.text.registrable import shard_of_host

RESERVED = timedelta(seconds=5)  # for which a turn is valid: to connect takes some of it
_LOOK_EVERY = 0.25  # seconds: another one that notes its start brings the next turn forward


class HostPacer:
    """Paces hosts for the HTTP client of a worker. `shared`: the hosts that several workers ask now."""

    def __init__(self, store: StoreThread, holdings: Holdings, *, shards: int, lease: Callable[[], Lease]) -> None:
        self._store = store
        self._holdings = holdings
        self._shards = shards
        self._lease = lease
        self._shared: frozenset[str] = frozenset()
        self._alone_since: dict[str, float] = {}

    def note_shared(self, hosts: frozenset[str]) -> None:
        """Takes over which hosts are shared."""
        now = time.monotonic()
        self._alone_since = {host: at for host, at in self._alone_since.items() if now - at < 60}
        self._alone_since.update(dict.fromkeys(self._shared - hosts, now))
        self._shared = hosts

    def permit(self) -> None:
        """Raises HoldLost if the task that asks may not send anything now."""
        hold = current_hold.get()
        if hold is not None:
            hold.check()
        elif not self._lease().is_valid():
            raise lost("this worker's lease")

    def last_start(self, host: str) -> float:
        """The moment until which others may have asked the host."""
        hold = self._hold_on(host)
        handed_over = hold.acquired_at - hold.age if hold else float("-inf")
        return max(handed_over, self._alone_since.get(host, float("-inf")))

    def is_shared(self, host: str) -> bool:
        """Whether the host is paced by its row."""
        return host in self._shared or self._hold_on(host) is None

    async def turn(self, host: str, pause: timedelta) -> Turn:
        """Waits for a turn at a host."""
        while True:
            hold = self._hold_on(host)
            if hold is not None and host not in self._shared:
                return _OwnTurn(hold=hold, is_held=partial(self._paces, host, hold))
            asked_at = boot_time()
            if hold is None:
                await self._store.run(shared_hosts.share, host, shard=shard_of_host(host, self._shards))
            wait = await self._store.run(
                shared_hosts.take_turn,
                host,
                hold=shard_hold(shard_of_host(host, self._shards)),
                pause=pause,
                reserved=RESERVED + pause,
            )
            if not wait:
                return _SharedTurn(until=asked_at + RESERVED.total_seconds(), start=self._start(host, pause))
            self.permit()
            await asyncio.sleep(min(wait, _LOOK_EVERY))

    def _start(self, host: str, pause: timedelta) -> Callable[[], None]:
        def note() -> None:
            noting = asyncio.create_task(self._store.run(shared_hosts.note_start, host, pause=pause))
            noting.add_done_callback(lambda task: task.cancelled() or task.exception())

        return note

    def _paces(self, host: str, hold: Hold) -> bool:
        return self._hold_on(host) == hold and host not in self._shared

    def _hold_on(self, host: str) -> Hold | None:
        return self._holdings.shards.get(shard_of_host(host, self._shards))


@dataclass(frozen=True, slots=True, kw_only=True)
class _OwnTurn:
    """A turn at a host of a shard that this worker holds: valid while it does."""

    hold: Hold
    is_held: Callable[[], bool]

    def use(self) -> None:
        self.hold.check()
        if not self.is_held():
            raise StateError(f"{self.hold.name} was handed over before the request was sent; it is sent again")


@dataclass(frozen=True, slots=True, kw_only=True)
class _SharedTurn:
    """A turn by a row, which is reserved for it until a moment of `boot_time`."""

    until: float
    start: Callable[[], None] = field(repr=False)

    def use(self) -> None:
        if boot_time() > self.until:
            raise StateError("the turn at a host that several workers ask was over before the request was sent")
        self.start()
