"""The jobs `archive`, which writes the files of documents, and `deliver`, which sends to one channel."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from watcher.cluster.membership import Membership
from watcher.cluster.shard_jobs import GRACE
from watcher.pipeline.archive import adopt_folder
from watcher.runtime.claims import Holdings, working_under
from watcher.runtime.service import Service
from watcher.store.commands.holds import ARCHIVE, channel_hold
from watcher.store.fencing import Hold
from watcher.store.queries import due_work

_LOOK_EVERY = 0.25  # seconds
_IDLE_LOOKS = 8  # before a job ends


class ArchiveJob:
    """Writes files, one worker at a time. The folder is adopted when a worker takes it from another one."""

    def __init__(self, service: Service, membership: Membership, stopping: asyncio.Event) -> None:
        self._service = service
        self._membership = membership
        self._stopping = stopping
        self._adopted = -1

    async def run(self) -> None:
        """Writes until no file is missing for a while."""
        hold = await self._membership.take(ARCHIVE)
        if hold is None:
            return
        try:
            with working_under(hold):
                if self._adopted != hold.token - 1:
                    await adopt_folder(self._service.generation.archive)
                await self._write(hold)
            self._adopted = hold.token
        finally:
            if hold.is_valid():
                await self._membership.free(hold)

    async def _write(self, hold: Hold) -> None:
        idle = 0
        while idle < _IDLE_LOOKS and hold.is_valid() and not self._stopping.is_set():
            missing = await self._service.resources.store.run(due_work.is_a_file_missing)
            idle = 0 if missing else idle + 1
            if missing and not await self._service.write_missing():
                return  # it cannot be written now; the next sweep tries again
            await asyncio.sleep(0 if missing else _LOOK_EVERY)


class ChannelJobs:
    """The channels to which this worker sends."""

    def __init__(self, service: Service, membership: Membership, holdings: Holdings, stopping: asyncio.Event) -> None:
        self._service = service
        self._membership = membership
        self._holdings = holdings
        self._stopping = stopping

    async def run(self, channel: str) -> None:
        """Sends until nothing is due for a while, if no other worker holds the channel."""
        if channel in self._holdings.channels:  # a job of a worker that was taken for dead
            return
        hold = await self._membership.take(channel_hold(channel))
        if hold is None:
            return
        self._holdings.channels[channel] = hold
        try:
            await self._send(channel, hold)
        finally:
            self._holdings.channels.pop(channel, None)
            await self._service.deliver.withdraw({hold}, GRACE if hold.is_valid() else timedelta())
            if hold.is_valid():
                await self._membership.free(hold)

    async def _send(self, channel: str, hold: Hold) -> None:
        idle = 0
        self._service.deliver.wake()
        while idle < _IDLE_LOOKS and hold.is_valid() and not self._stopping.is_set():
            await asyncio.sleep(_LOOK_EVERY)
            due = await self._service.resources.store.run(due_work.due_channels, now=self._service.resources.now())
            is_due = channel in due and channel in self._service.settings.channels
            works = is_due or self._service.deliver.works_under(hold)
            idle = 0 if works else idle + 1
            if is_due:
                self._service.deliver.wake()
