"""Room on the disks of state and corpus: intake stops before they are full, so that what is owed still goes out."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable
from pathlib import Path

from watcher.errors import StateError
from watcher.log import event
from watcher.pipeline.parts import Parts
from watcher.store import incidents

log = logging.getLogger(__name__)

FLOOR = 100 * 2**20
FLOOR_SHARE = 0.1  # of a disk so small that FLOOR would be most of it
RESUME = 1.1  # times the floor: so that intake does not start and stop with every file
TROUBLE = "disk"
LOOK_EVERY = 1.0  # seconds


class DiskGuard:
    """Open while there is room. What closes and opens it is told to the `ops` channels, once each."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._folders = (parts.folder.path, parts.setting.config.state.path.parent)
        self._open = True
        self._told: bool | None = None
        self._looked_at = float("-inf")

    async def is_open(self) -> bool:
        """Whether entries may be taken in now. Looks at the disks once a second at most."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_at >= LOOK_EVERY:
            self._looked_at = now
            await self._look()
        return self._open

    async def _look(self) -> None:
        shortage = await asyncio.to_thread(shortage_of, self._folders, 1.0 if self._open else RESUME)
        if self._open == bool(shortage):
            self._open = not shortage
            facts = event("disk.roomy" if self._open else "disk.full")
            log.log(logging.INFO if self._open else logging.ERROR, "%s", shortage or _OVER, extra=facts)
        if self._told != self._open:
            await self._tell(shortage)

    async def _tell(self, shortage: str) -> None:
        """A disk without any room can't even take the notice: then it is tried again at the next look."""
        change = incidents.begin if shortage else incidents.end
        try:
            await self._parts.store.run(
                change, TROUBLE, shortage or _OVER, ops=self._parts.setting.ops, now=self._parts.now()
            )
        except StateError as error:
            log.error("the operator cannot be told: %s", error, extra=event("state.silent", error=str(error)))
        else:
            self._told = self._open
            self._parts.kick_deliver()


_OVER = "There is room on the disk again: news is taken in."


def shortage_of(folders: Iterable[Path], factor: float = 1.0) -> str:
    """What is wrong if one of the folders has less room than `factor` times its floor, "" if none has."""
    for folder in folders:
        try:
            disk = os.statvfs(folder)
        except OSError:  # a folder that is away is told where it is needed; it says nothing about room
            continue
        floor = min(FLOOR, FLOOR_SHARE * disk.f_blocks * disk.f_frsize) * factor
        free = disk.f_bavail * disk.f_frsize
        if free < floor:
            sizes = f"{free / 2**20:.0f} MB are free, {floor / 2**20:.0f} MB are needed"
            return f"The disk of {folder} is nearly full: {sizes}. Nothing new is taken in until then; alerts go out."
    return ""
