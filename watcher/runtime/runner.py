"""A lane keeps one step busy: it claims due work and takes a bounded number of pieces at once; kicks wake it.

claim ──▶ ready, a few ahead ──▶ in hand, `width` at most ──▶ handled
            └─ a crowd that waits for one host ──▶ put off, so that others have their turn
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

from watcher.errors import WatcherError
from watcher.log import event
from watcher.runtime.host_limiter import HostLimiter

T = TypeVar("T")
log = logging.getLogger(__name__)

COMPLAINTS = timedelta(minutes=1)  # between two that say the same
RESCUES = timedelta(seconds=5)


class StepRunner(Generic[T]):
    """Runs `handle` on what `claim(limit)` gives, at most `width` pieces at once.

    Up to `ahead` further pieces are claimed with them, so that not each piece that ends costs a claim of its own; a
    `crowd`, if given, bounds how many of those in hand may be for the same host. A claim that gives nothing puts the
    lane to sleep until `kick`. What `handle` raises is logged, and
    the lane goes on. A piece that ended in a WatcherError (the state could not be written) is given back by
    `give_back` as soon as that works; after a bug its claim lapses by itself, so that nothing goes round in circles.
    """

    def __init__(
        self,
        name: str,
        *,
        width: int,
        claim: Callable[[int], Awaitable[list[T]]],
        handle: Callable[[T], Awaitable[object]],
        give_back: Callable[[T], Awaitable[object]] | None = None,
        ahead: int = 0,
        crowd: HostLimiter[T] | None = None,
    ) -> None:
        self.name = name
        self._width = width
        self._ahead = ahead
        self._crowd = crowd
        self._ready: deque[T] = deque()
        self._claim = claim
        self._handle = handle
        self._kicked = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._give_back = give_back
        self._stranded: list[T] = []
        self._rescue_at = float("-inf")
        self._quiet_until = float("-inf")

    @property
    def running(self) -> int:
        """How many pieces are in hand."""
        return len(self._running)

    def kick(self) -> None:
        """Says that there may be work."""
        self._kicked.set()

    async def work(self) -> None:
        """Works until cancelled; pieces in hand are cancelled too, their claims are void at the next start.

        What `claim` raises is logged, at most once a minute; the next kick tries again.
        """
        try:
            while True:
                await self._kicked.wait()
                self._kicked.clear()
                try:
                    await self._take_what_is_due()
                except Exception as error:
                    self._complain(error)
        finally:
            await self._abandon()

    async def drain(self, feeder: asyncio.Task[None] | None = None) -> None:
        """Works until a claim gives nothing, nothing is in hand, and `feeder`, who brings the work, has ended.

        Raises what `claim` raises: the work is not done then.
        """
        try:
            while True:
                fed = feeder is None or feeder.done()
                await self._take_what_is_due()
                if fed and not self._running:
                    return
                if fed or (feeder is not None and not feeder.done()):  # else it ended during the claim: look once more
                    await self._wait_for_change(feeder)
        finally:
            await self._abandon()

    async def finish(self, grace: timedelta) -> None:
        """Takes nothing new, and gives what is in hand `grace` to end."""
        self._width = 0
        if self._running:
            await asyncio.wait(self._running, timeout=grace.total_seconds())

    async def _wait_for_change(self, feeder: asyncio.Task[None] | None) -> None:
        kicked = asyncio.create_task(self._kicked.wait())
        waited_for = {kicked} if feeder is None or feeder.done() else {kicked, feeder}
        await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
        kicked.cancel()
        self._kicked.clear()

    async def _take_what_is_due(self) -> None:
        await self._rescue()
        self._start_ready()
        while len(self._running) < self._width:
            if self._held and self._held >= self._ahead and not await self._put_off():
                return
            wanted = self._width - len(self._running) + self._ahead - self._held
            pieces = await self._claim(wanted)
            if not self._width:  # finished during the claim, which is void at the next start
                return
            self._ready.extend(pieces)
            self._start_ready()
            if len(pieces) < wanted:
                return

    @property
    def _held(self) -> int:
        """How many pieces are claimed and not begun."""
        return len(self._ready) + (self._crowd.waiting if self._crowd else 0)

    def _start_ready(self) -> None:
        """Starts what may start; what is left waits in the crowd, or for a place."""
        while self._ready and len(self._running) < self._width:
            piece = self._ready.popleft()
            if self._crowd and not self._crowd.admit(piece):
                continue
            task = asyncio.create_task(self._take(piece), name=self.name)
            self._running.add(task)
            task.add_done_callback(self._finished)

    async def _put_off(self) -> bool:
        """Makes room for others than the crowd. False if nothing can be put off."""
        return self._crowd is not None and await self._crowd.put_off()

    async def _rescue(self) -> None:
        """Gives back what stranded; once in a while, for a disk may be full for days. Raises what `give_back` does."""
        now = asyncio.get_running_loop().time()
        if not self._stranded or self._give_back is None or now < self._rescue_at:
            return
        self._rescue_at = now + RESCUES.total_seconds()
        while self._stranded:
            await self._give_back(self._stranded[-1])
            self._stranded.pop()

    async def _take(self, piece: T) -> None:
        try:
            await self._handle_in_crowd(piece)
        except WatcherError as error:
            self._stranded.append(piece)
            log.error(
                "the %s step failed, and is tried again: %s",
                self.name,
                error,
                extra=event("step.failed", step=self.name, error=str(error)),
            )
        except Exception:
            log.exception(
                "a bug in the %s step; its claim lapses and it is tried again",
                self.name,
                extra=event("bug", where=self.name),
            )

    async def _handle_in_crowd(self, piece: T) -> None:
        try:
            await self._handle(piece)
        finally:
            following = self._crowd.leave(piece) if self._crowd else None
            if following is not None:
                self._ready.appendleft(following)

    def _complain(self, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._quiet_until:
            self._quiet_until = now + COMPLAINTS.total_seconds()
            bug = not isinstance(error, WatcherError)
            log.error(
                "the %s lane cannot claim its work, and goes on trying: %s",
                self.name,
                error,
                exc_info=bug,
                extra=event("step.failed", step=self.name, error=str(error)),
            )

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start_ready()
        if len(self._running) < self._width:
            self._kicked.set()

    async def _abandon(self) -> None:
        self._ready.clear()
        if self._crowd:
            self._crowd.clear()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
