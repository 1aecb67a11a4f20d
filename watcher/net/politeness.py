"""Limits the requests to each host and to all hosts together, and keeps a pause between two starts at one host.

The wait for a turn does not count against the deadline of a fetch; it has a limit of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from watcher.errors import FetchError, FetchFailure

# Hosts whose pause is over are forgotten once this many are known.
HOSTS_REMEMBERED = 1024


class _Host:
    """The state of one host: its running and waiting requests, and when the next one may start."""

    __slots__ = ("door", "next_start", "places", "users", "waiting")

    def __init__(self, at_once: int) -> None:
        self.places = asyncio.Semaphore(at_once)
        self.door = asyncio.Lock()
        self.users = self.waiting = 0
        self.next_start = 0.0


class Politeness:
    """Hands out turns in the order of arrival at each host. `clock` returns monotonic seconds."""

    def __init__(self, *, at_once: int, longest_wait: timedelta, clock: Callable[[], float]) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._longest_wait = longest_wait
        self._clock = clock
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str, *, at_once: int, pause: timedelta, urgent: bool = False) -> AsyncIterator[None]:
        """Waits for a turn at `host` and keeps it for the body of the `with`.

        `urgent` ignores the cap on all hosts together, so that an alert does not wait for pages. Raises
        FetchError(TIMEOUT) if there is no turn within `longest_wait`.
        """
        known = self._host(host, at_once)
        known.users += 1
        try:
            await self._take(host, known, pause.total_seconds(), urgent=urgent)
            try:
                yield
            finally:
                known.places.release()
                if not urgent:
                    self._all.release()
        finally:
            known.users -= 1

    def __len__(self) -> int:
        return len(self._hosts)

    async def _take(self, name: str, host: _Host, pause: float, *, urgent: bool) -> None:
        if self._is_free(host) and (urgent or not self._all.locked()):  # so neither of these waits
            await host.places.acquire()
            await self._start(host, pause, urgent=urgent)
            return
        host.waiting += 1
        try:
            async with asyncio.timeout(self._longest_wait.total_seconds()):
                await self._wait(host, pause, urgent=urgent)
        except TimeoutError as error:
            message = (
                f"{name.rpartition(' ')[2]}: waited {self._longest_wait} for a turn: too many requests are waiting"
            )
            raise FetchError(FetchFailure.TIMEOUT, message) from error
        finally:
            host.waiting -= 1

    async def _wait(self, host: _Host, pause: float, *, urgent: bool) -> None:
        """Waits for the pause, one request at a time; only then takes one of the places of all hosts together."""
        await host.places.acquire()
        try:
            async with host.door:
                await asyncio.sleep(max(host.next_start - self._clock(), 0))
                await self._start(host, pause, urgent=urgent)
        except BaseException:
            host.places.release()
            raise

    async def _start(self, host: _Host, pause: float, *, urgent: bool) -> None:
        if not urgent:
            await self._all.acquire()
        host.next_start = self._clock() + pause

    def _is_free(self, host: _Host) -> bool:
        return not host.waiting and not host.places.locked() and host.next_start <= self._clock()

    def _host(self, name: str, at_once: int) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= HOSTS_REMEMBERED:
                self._forget_idle()
            host = self._hosts[name] = _Host(at_once)
        return host

    def _forget_idle(self) -> None:
        now = self._clock()
        idle = [name for name, host in self._hosts.items() if not host.users and host.next_start <= now]
        for name in idle:
            del self._hosts[name]
