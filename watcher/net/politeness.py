"""Limits the requests to each host and to all hosts together, and keeps a pause between two starts at one host.

The wait for a turn does not count against the deadline of a fetch; it has a limit of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Protocol

from watcher.errors import FetchError, FetchFailure

# Hosts whose pause is over are forgotten once this many are known.
HOSTS_REMEMBERED = 1024


class Turn(Protocol):
    """A turn at a host that was granted. `use` is called right before the request is sent.

    It raises FetchError, so that nothing is sent, if the turn is not valid any more.
    """

    def use(self) -> None: ...


class Pacer(Protocol):
    """Keeps the pause between two starts at a host together with other processes.

    `last_start`: monotonic seconds of the last start that another process may have made before this one was in charge
    of the host. `is_shared`: whether other processes may ask the host now. `turn` waits for a turn among all of them.
    """

    def last_start(self, host: str) -> float: ...

    def is_shared(self, host: str) -> bool: ...

    async def turn(self, host: str, pause: timedelta) -> Turn: ...


class _AnyTime:
    """A turn of the only process."""

    def use(self) -> None:
        return


_ANY_TIME = _AnyTime()


class _Alone:
    """The pacer of the only process."""

    def last_start(self, host: str) -> float:
        return float("-inf")

    def is_shared(self, host: str) -> bool:
        return False

    async def turn(self, host: str, pause: timedelta) -> Turn:
        return _ANY_TIME


class _Host:
    """The state of one host: its running and waiting requests, and when the next one may start."""

    __slots__ = ("door", "name", "next_start", "places", "users", "waiting")

    def __init__(self, name: str, at_once: int) -> None:
        self.name = name
        self.places = asyncio.Semaphore(at_once)
        self.door = asyncio.Lock()
        self.users = self.waiting = 0
        self.next_start = 0.0


class _Start:
    """A turn whose pause counts from the moment when the request is sent: to connect may take a while."""

    __slots__ = ("_clock", "_granted", "_host", "_pause")

    def __init__(self, host: _Host, granted: Turn, pause: timedelta, clock: Callable[[], float]) -> None:
        self._host = host
        self._granted = granted
        self._pause = pause
        self._clock = clock

    def use(self) -> None:
        self._granted.use()
        self._host.next_start = self._clock() + self._pause.total_seconds()


class Politeness:
    """Hands out turns in the order of arrival at each host. `clock` returns monotonic seconds."""

    def __init__(
        self, *, at_once: int, longest_wait: timedelta, clock: Callable[[], float], pacer: Pacer | None = None
    ) -> None:
        """`pacer`: for several processes; it paces the hosts with a pause."""
        self._pacer = pacer or _Alone()
        self._all = asyncio.Semaphore(at_once)
        self._longest_wait = longest_wait
        self._clock = clock
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str, *, at_once: int, pause: timedelta, urgent: bool = False) -> AsyncIterator[Turn]:
        """Waits for a turn at `host` and keeps it for the body of the `with`, which calls its `use` before it sends.

        `urgent` ignores the cap on all hosts together, so that an alert does not wait for pages. Raises
        FetchError(TIMEOUT) if there is no turn within `longest_wait`.
        """
        known = self._host(host, at_once)
        known.users += 1
        try:
            granted = await self._take(known, pause, urgent=urgent)
            try:
                yield _Start(known, granted, pause, self._clock) if pause else granted
            finally:
                known.places.release()
                if not urgent:
                    self._all.release()
        finally:
            known.users -= 1

    def __len__(self) -> int:
        return len(self._hosts)

    async def _take(self, host: _Host, pause: timedelta, *, urgent: bool) -> Turn:
        if self._is_free(host, pause) and (urgent or not self._all.locked()):  # so neither of these waits
            await host.places.acquire()
            return await self._start(host, pause, urgent=urgent)
        host.waiting += 1
        try:
            async with asyncio.timeout(self._longest_wait.total_seconds()):
                return await self._wait(host, pause, urgent=urgent)
        except TimeoutError as error:
            name = host.name.rpartition(" ")[2]
            message = f"{name}: waited {self._longest_wait} for a turn: too many requests are waiting"
            raise FetchError(FetchFailure.TIMEOUT, message) from error
        finally:
            host.waiting -= 1

    async def _wait(self, host: _Host, pause: timedelta, *, urgent: bool) -> Turn:
        """Waits for the pause, one request at a time; only then takes one of the places of all hosts together."""
        await host.places.acquire()
        try:
            async with host.door:
                await self._pass_pause(host, pause)
                return await self._start(host, pause, urgent=urgent)
        except BaseException:
            host.places.release()
            raise

    async def _start(self, host: _Host, pause: timedelta, *, urgent: bool) -> Turn:
        if not urgent:
            await self._all.acquire()
        try:
            granted = await self._pacer.turn(host.name, pause) if pause else _ANY_TIME
        except BaseException:
            if not urgent:
                self._all.release()
            raise
        host.next_start = self._clock() + pause.total_seconds()
        return granted

    async def _pass_pause(self, host: _Host, pause: timedelta) -> None:
        wait = self._next_start(host, pause) - self._clock()
        while wait > 0:
            await asyncio.sleep(wait)
            wait = self._next_start(host, pause) - self._clock()  # the start before may have been later meanwhile

    def _is_free(self, host: _Host, pause: timedelta) -> bool:
        if host.waiting or host.places.locked() or self._next_start(host, pause) > self._clock():
            return False
        return not pause or not self._pacer.is_shared(host.name)

    def _next_start(self, host: _Host, pause: timedelta) -> float:
        if not pause:
            return host.next_start
        return max(host.next_start, self._pacer.last_start(host.name) + pause.total_seconds())

    def _host(self, name: str, at_once: int) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= HOSTS_REMEMBERED:
                self._forget_idle()
            host = self._hosts[name] = _Host(name, at_once)
        return host

    def _forget_idle(self) -> None:
        now = self._clock()
        idle = [name for name, host in self._hosts.items() if not host.users and host.next_start <= now]
        for name in idle:
            del self._hosts[name]
