"""Reads the followed lists when they are due, and has the feeds subscribed that they name."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from watcher.config import OpmlConfig
from watcher.errors import WatcherError
from watcher.feeds.interval import DAY, JITTER
from watcher.log import event
from watcher.pipeline.follow import FollowContext, read_list
from watcher.store import StoreThread
from watcher.store.queries import followed_lists
from watcher.store.queries.followed_lists import ListStatus

log = logging.getLogger(__name__)

_AT_ONCE = 8


class ListReader:
    """Remembers which files were read under the config in force: each is read at once after a start or a reload.

    `context` returns the context in force; `subscribe` applies what the store knows of the lists. `failed`: list -> why
    its last reading failed; `read`: how many readings succeeded.
    """

    def __init__(
        self,
        store: StoreThread,
        *,
        context: Callable[[], FollowContext],
        subscribe: Callable[[], Awaitable[None]],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._context = context
        self._subscribe = subscribe
        self._now = now
        self._opened: tuple[tuple[OpmlConfig, ...] | None, set[str]] = (None, set())
        self.read = 0
        self.failed: dict[str, str] = {}

    async def follow(self, every: timedelta) -> None:
        """Reads what is due, again and again, until cancelled. Errors are logged, and the next round tries again."""
        while True:
            try:
                await self.read_due()
            except Exception as error:
                bug = not isinstance(error, WatcherError)
                facts = event("step.failed", step="lists", error=str(error))
                log.error("the lists cannot be read, and are tried again: %s", error, exc_info=bug, extra=facts)
                await asyncio.sleep(every.total_seconds() * 60)
            await asyncio.sleep(every.total_seconds())

    async def read_due(self) -> None:
        """Reads the lists that are due."""
        if not self._lists:
            return
        statuses = await self._store.run(followed_lists.statuses)
        await self._read([each for each in self._lists if self._is_due(each, statuses.get(each.name))], statuses)

    async def read_all(self) -> None:
        """Reads every list now."""
        if self._lists:
            await self._read(self._lists, await self._store.run(followed_lists.statuses))

    @property
    def _lists(self) -> tuple[OpmlConfig, ...]:
        return self._context().settings.config.opml

    def _is_due(self, followed: OpmlConfig, status: ListStatus | None) -> bool:
        """A time further ahead than any plan is due, too: the clock was set back."""
        if status is None or status.place != followed.place:
            return True
        lists, opened = self._opened
        if followed.file and (lists is not self._lists or followed.name not in opened):
            return True
        longest_wait = max(DAY, self._context().settings.config.polling.every) * (1 + JITTER)
        return not self._now() < status.next_read_at <= self._now() + longest_wait

    async def _read(self, lists: Sequence[OpmlConfig], statuses: dict[str, ListStatus]) -> None:
        if not lists:
            return
        if self._opened[0] is not self._lists:
            self._opened = (self._lists, set())
        self._opened[1].update(followed.name for followed in lists)
        turn = asyncio.Semaphore(_AT_ONCE)

        async def read(followed: OpmlConfig) -> bool:
            async with turn:
                report = await read_list(self._context(), followed, statuses.get(followed.name))
            if report.error:
                self.failed[followed.name] = report.error
            else:
                self.failed.pop(followed.name, None)
                self.read += 1
            return report.changed

        if any(await asyncio.gather(*(read(followed) for followed in lists))):
            await self._subscribe()
