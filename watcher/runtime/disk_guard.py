"""Guards the disks of state and corpus: intake stops before they are full, so that what is recorded still goes out."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from watcher.errors import StateError
from watcher.log import event
from watcher.store import StoreThread
from watcher.store.commands import incidents

log = logging.getLogger(__name__)

FLOOR = 100 * 2**20
FLOOR_SHARE = 0.1  # of a disk so small that FLOOR would be most of it
RESUME = 1.1  # times the floor, so that intake does not start and stop with every file
INCIDENT = "disk"
CHECK_INTERVAL = 1.0  # seconds

_OVER = "There is room on the disk again: news is taken in."


class DiskGuard:
    """Open while the disks have room. The `ops` channels are notified once when it closes, and once when it opens."""

    def __init__(
        self,
        store: StoreThread,
        folders: Iterable[Path],
        *,
        ops: Callable[[], tuple[str, ...]],
        now: Callable[[], datetime],
        wake_deliver: Callable[[], None],
        machine: str = "",
    ) -> None:
        """`machine`: whose disks these are, if several machines work on the state."""
        self._incident = f"{INCIDENT} {machine}".strip()
        self._store = store
        self._folders = tuple(folders)
        self._ops = ops
        self._now = now
        self._wake_deliver = wake_deliver
        self._open = True
        self._notified: bool | None = None
        self._checked_at = float("-inf")

    async def is_open(self) -> bool:
        """Whether entries may be taken in now. Checks the disks once a second at most."""
        now = asyncio.get_running_loop().time()
        if now - self._checked_at >= CHECK_INTERVAL:
            self._checked_at = now
            await self._check()
        return self._open

    async def _check(self) -> None:
        shortage = await asyncio.to_thread(shortage_of, self._folders, 1.0 if self._open else RESUME)
        if self._open == bool(shortage):
            self._open = not shortage
            facts = event("disk.recovered" if self._open else "disk.full")
            log.log(logging.INFO if self._open else logging.ERROR, "%s", shortage or _OVER, extra=facts)
        if self._notified != self._open:
            await self._notify(shortage)

    async def _notify(self, shortage: str) -> None:
        """Records the incident. A disk without any room cannot take even that: the next check tries again."""
        change = incidents.begin if shortage else incidents.end
        try:
            await self._store.run(change, self._incident, shortage or _OVER, ops=self._ops(), now=self._now())
        except StateError as error:
            log.error("the operator cannot be notified: %s", error, extra=event("state.unresponsive", error=str(error)))
        else:
            self._notified = self._open
            self._wake_deliver()


def shortage_of(folders: Iterable[Path], factor: float = 1.0) -> str:
    """Says which folder has less room than `factor` times its floor, "" if none has."""
    for folder in folders:
        try:
            disk = os.statvfs(folder)
        except OSError:  # a missing folder is reported where it is needed; it says nothing about room
            continue
        floor = min(FLOOR, FLOOR_SHARE * disk.f_blocks * disk.f_frsize) * factor
        free = disk.f_bavail * disk.f_frsize
        if free < floor:
            sizes = f"{free / 2**20:.0f} MB are free, {floor / 2**20:.0f} MB are needed"
            return f"The disk of {folder} is nearly full: {sizes}. Nothing new is taken in until then; alerts go out."
    return ""
