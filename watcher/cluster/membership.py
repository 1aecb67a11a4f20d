"""This worker among the others: its lease, which it renews, and its holds, which are valid as long as the lease.

The lease is valid by two clocks: that of the server, by which others take the holds of a dead worker, and that of this
machine, counted from the moment before each renewal: so a worker that was suspended knows it before it does anything.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher import __version__
from watcher.cluster.config_parts import differing
from watcher.errors import ConfigError, ConfigProblem
from watcher.store import StoreThread
from watcher.store.commands import holds, membership, workers
from watcher.store.commands.membership import Surroundings
from watcher.store.commands.workers import NewWorker
from watcher.store.fencing import Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """What a worker does. `shards`: of which it fetches; `text`: these as a person writes them."""

    names: frozenset[str]
    shards: tuple[int, ...]
    text: str


class Lease:
    """The lease of one registration. `renewed_from`: the moment from which its time counts."""

    def __init__(self, worker: str, duration: timedelta) -> None:
        self.worker = worker
        self._seconds = duration.total_seconds()
        self._valid_until = float("-inf")
        self._over = False

    def extend(self, renewed_from: float) -> None:
        """Extends it after a renewal that began at a moment of `boot_time`."""
        self._valid_until = max(self._valid_until, renewed_from + self._seconds)

    def end(self) -> None:
        """Ends it for good."""
        self._over = True

    def is_valid(self) -> bool:
        """Whether it is valid by this machine's clock."""
        return not self._over and boot_time() < self._valid_until


class Membership:
    """Registers, renews, takes and frees. `renewals` is a store thread of its own, which waits for no other calls."""

    def __init__(
        self,
        store: StoreThread,
        renewals: StoreThread,
        roles: Roles,
        *,
        duration: timedelta,
        file: str,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._renewals = renewals
        self._roles = roles
        self.duration = duration
        self._file = file
        self._now = now
        self._unfreed: list[Hold] = []
        self.lease = Lease("", duration)

    @property
    def has_unfreed(self) -> bool:
        """Whether a hold that nobody works under any more could not be freed yet."""
        return bool(self._unfreed)

    async def join(self, config: Mapping[str, str], *, engine: int) -> None:
        """Registers this worker. Raises ConfigError if a living one has another config."""
        began = boot_time()
        new = NewWorker(
            id=secrets.token_hex(8),
            host=socket.gethostname(),
            pid=os.getpid(),
            roles=",".join(sorted(self._roles.names)),
            shards=self._roles.text,
            version=__version__,
            config=config,
            engine=engine,
        )
        others = await self._renewals.run(workers.register, new, lease=self.duration)
        if different := differing(config, others):
            problem = f"the workers that are alive have another config: {different}; make the files equal"
            raise ConfigError(self._file, (ConfigProblem(line=0, key="", message=problem),))
        lease = Lease(new.id, self.duration)
        lease.extend(began)
        self.lease = lease

    async def renew(
        self, *, engine: int, paused: bool, aware: bool, tally: Mapping[str, object]
    ) -> Surroundings | None:
        """Renews the lease. None if it had ended: all holds are lost then. Raises StateError."""
        lease, began = self.lease, boot_time()
        if not lease.is_valid():
            return None
        seen = await self._renewals.run(
            membership.renew_and_look,
            lease.worker,
            engine=engine,
            lease=self.duration,
            paused=paused,
            aware=aware,
            tally=tally,
        )
        if seen is None:
            lease.end()
            return None
        lease.extend(began)
        await self._free()
        return seen

    async def reconfigure(self, config: Mapping[str, str]) -> None:
        """Says that this worker has another config now."""
        await self._renewals.run(workers.reconfigure, self.lease.worker, config)

    async def leave(self) -> None:
        """Ends the lease, frees all holds and voids the claims under them."""
        self._unfreed.clear()
        self.lease.end()
        await self._store.run(workers.end, self.lease.worker, now=self._now())

    async def take(self, name: str) -> Hold | None:
        """Takes a hold. None if another living worker has it."""
        lease = self.lease
        if not lease.is_valid():
            return None
        taken = await self._store.run(holds.take, name, lease.worker, now=self._now())
        if taken is None:
            return None
        return Hold(
            name=name,
            token=taken.token,
            is_valid=lease.is_valid,
            age=taken.age,
            acquired_at=time.monotonic(),
        )

    async def free(self, hold: Hold) -> None:
        """Frees a hold; one that was lost is left alone. If the database is away, the next renewal frees it."""
        self._unfreed.append(hold)
        await self._free()

    async def _free(self) -> None:
        while self._unfreed:
            hold = self._unfreed.pop()
            try:
                await self._store.run(holds.free, hold.name, hold.token, now=self._now())
            except BaseException:
                self._unfreed.append(hold)
                raise


def boot_time() -> float:
    """Seconds since the machine started, those of its sleep among them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
