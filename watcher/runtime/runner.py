"""Runs one step: claims due work in batches and keeps a bounded number of tasks running.

claim ──▶ ready, a few ahead ──▶ running, `width` at most ──▶ handled
            └─ too many for one host ──▶ rescheduled, so that other hosts are served
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import timedelta
from typing import Generic, TypeVar

from watcher.errors import HoldLost, WatcherError
from watcher.log import event
from watcher.runtime.host_limiter import HostLimiter
from watcher.store.fencing import Hold, current_hold

T = TypeVar("T")
log = logging.getLogger(__name__)

LOG_INTERVAL = timedelta(minutes=1)  # between two lines about claims that fail
RELEASE_INTERVAL = timedelta(seconds=5)
_STARTS = 8  # tasks that begin in one turn of the event loop: a whole batch would hold up all else for 50 ms


class StepRunner(Generic[T]):
    """Calls `handle` for each task that `claim(limit)` returns, at most `width` at once.

    Up to `ahead` further tasks are claimed with them, so that not each task that ends costs a claim; a `limiter` bounds
    how many running tasks may be for one host. A claim that returns nothing puts the runner to sleep until `wake`.
    `claims_all`: a claim returns all that is due, up to its limit; if that was less, a task that ends causes no claim.
    `hold_of`: the hold under which a task works; None if it has been lost since the claim, which is void then.
    Errors of `handle` are logged, and the runner goes on. A task that ended in a WatcherError (the state could not be
    written) is given back by `release` as soon as that works; after a bug its claim expires by itself, so that the same
    bug is not met again at once.
    """

    def __init__(
        self,
        name: str,
        *,
        width: int,
        claim: Callable[[int], Awaitable[list[T]]],
        handle: Callable[[T], Awaitable[object]],
        release: Callable[[T], Awaitable[object]] | None = None,
        ahead: int = 0,
        limiter: HostLimiter[T] | None = None,
        hold_of: Callable[[T], Hold | None] | None = None,
        claims_all: bool = False,
    ) -> None:
        self.name = name
        self._hold_of = hold_of
        self._width = width
        self._ahead = ahead
        self._limiter = limiter
        self._claims_all = claims_all
        self._nothing_due = False
        self._claim = claim
        self._handle = handle
        self._release = release
        self._woken = asyncio.Event()
        self._ready: deque[T] = deque()
        self._running: dict[asyncio.Task[None], Hold | None] = {}
        self._starting = 0
        self._unreleased: list[T] = []
        self._release_at = float("-inf")
        self._log_at = float("-inf")

    @property
    def running(self) -> int:
        """How many tasks are running."""
        return len(self._running)

    def wake(self) -> None:
        """Makes the runner look for work."""
        self._woken.set()

    async def run(self) -> None:
        """Works until cancelled. Running tasks are cancelled too; their claims are void at the next start.

        Errors of `claim` are logged, at most once a minute; the next `wake` tries again.
        """
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                try:
                    await self._start_due()
                except Exception as error:
                    self._log_failed_claim(error)
        finally:
            await self._cancel_running()

    async def drain(self, feeder: asyncio.Task[None] | None = None) -> None:
        """Works until a claim returns nothing, no task is running, and `feeder`, which brings work, has ended.

        Raises the errors of `claim`: the work is not done then.
        """
        self._claims_all = False
        try:
            while True:
                fed = feeder is None or feeder.done()
                await self._start_due()
                if fed and not self._running:
                    return
                if fed or (feeder is not None and not feeder.done()):  # else it ended during the claim: claim once more
                    await self._wait_for_change(feeder)
        finally:
            await self._cancel_running()

    async def finish(self, grace: timedelta) -> None:
        """Starts nothing new, and waits up to `grace` for running tasks."""
        self._width = 0
        if self._running:
            await asyncio.wait(self._running, timeout=grace.total_seconds())

    async def withdraw(self, holds: Collection[Hold], grace: timedelta) -> None:
        """Ends the tasks under these holds: drops those that wait, and cancels those that run longer than `grace`.

        Their claims are void once the holds are given back.
        """
        assert self._hold_of is not None  # noqa: S101
        kept = [claimed for claimed in self._take_waiting() if self._hold_of(claimed) not in holds]
        self._ready.extend(kept)
        self._unreleased = [claimed for claimed in self._unreleased if self._hold_of(claimed) not in holds]
        running = [task for task, hold in self._running.items() if hold in holds]
        if running:
            _, late = await asyncio.wait(running, timeout=grace.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self.wake()

    def works_under(self, hold: Hold) -> bool:
        """Whether a task under this hold runs."""
        return hold in self._running.values()

    def _take_waiting(self) -> list[T]:
        waiting = [*self._ready, *(self._limiter.take_waiting() if self._limiter else ())]
        self._ready.clear()
        return waiting

    async def _wait_for_change(self, feeder: asyncio.Task[None] | None) -> None:
        woken = asyncio.create_task(self._woken.wait())
        waited_for = {woken} if feeder is None or feeder.done() else {woken, feeder}
        await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
        woken.cancel()
        self._woken.clear()

    # -- claim and start -----------------------------------------------------------------------------------------------

    async def _start_due(self) -> None:
        self._nothing_due = False
        await self._release_failed()
        self._start_ready()
        while len(self._running) < self._width:
            if self._claimed_ahead and self._claimed_ahead >= self._ahead and not await self._reschedule_waiting():
                return
            wanted = self._width - len(self._running) + self._ahead - self._claimed_ahead
            tasks = await self._claim(wanted)
            if not self._width:  # finished during the claim, which is void at the next start
                return
            self._ready.extend(tasks)
            self._start_ready()
            if len(tasks) < wanted:
                self._nothing_due = self._claims_all
                return

    @property
    def _claimed_ahead(self) -> int:
        """How many tasks are claimed and not started."""
        return len(self._ready) + (self._limiter.waiting if self._limiter else 0)

    def _start_ready(self) -> None:
        """Starts tasks while there is room; the limiter keeps the tasks of a busy host."""
        while self._ready and len(self._running) < self._width:
            claimed = self._ready.popleft()
            hold = self._hold_of(claimed) if self._hold_of else None
            if self._hold_of and hold is None:
                continue
            if self._limiter and not self._limiter.admit(claimed):
                continue
            task = asyncio.create_task(self._run_one(claimed, hold, self._turns_to_wait()), name=self.name)
            self._running[task] = hold
            task.add_done_callback(self._finished)

    def _turns_to_wait(self) -> int:
        """Returns after how many turns of the event loop the next task may begin."""
        if not self._starting:
            asyncio.get_running_loop().call_soon(self._pass_turn)
        self._starting += 1
        return (self._starting - 1) // _STARTS

    def _pass_turn(self) -> None:
        self._starting = max(0, self._starting - _STARTS)
        if self._starting:
            asyncio.get_running_loop().call_soon(self._pass_turn)

    async def _reschedule_waiting(self) -> bool:
        return self._limiter is not None and await self._limiter.reschedule_waiting()

    async def _release_failed(self) -> None:
        """Gives back the claims of failed tasks, at most every few seconds. Raises the errors of `release`."""
        now = asyncio.get_running_loop().time()
        if not self._unreleased or self._release is None or now < self._release_at:
            return
        self._release_at = now + RELEASE_INTERVAL.total_seconds()
        while self._unreleased:
            claimed = self._unreleased[-1]
            hold = self._hold_of(claimed) if self._hold_of else None
            if self._hold_of is None or hold is not None:  # else the claim is void already
                await asyncio.create_task(self._release_under(hold, claimed))
            self._unreleased.pop()

    async def _release_under(self, hold: Hold | None, claimed: T) -> None:
        current_hold.set(hold)
        with suppress(HoldLost):
            if self._release is not None:
                await self._release(claimed)

    # -- run one task --------------------------------------------------------------------------------------------------

    async def _run_one(self, claimed: T, hold: Hold | None, turns: int) -> None:
        current_hold.set(hold)
        try:
            await self._handle_within_limit(claimed, turns)
        except HoldLost as error:
            log.warning("the %s step changed nothing: %s", self.name, error, extra=event("hold.lost", step=self.name))
        except WatcherError as error:
            self._unreleased.append(claimed)
            log.error(
                "the %s step failed, and is tried again: %s",
                self.name,
                error,
                extra=event("step.failed", step=self.name, error=str(error)),
            )
        except Exception:
            log.exception(
                "a bug in the %s step; its claim expires and it is tried again",
                self.name,
                extra=event("bug", where=self.name),
            )

    async def _handle_within_limit(self, claimed: T, turns: int) -> None:
        try:
            for _ in range(turns):
                await asyncio.sleep(0)
            await self._handle(claimed)
        finally:
            following = self._limiter.leave(claimed) if self._limiter else None
            if following is not None:
                self._ready.appendleft(following)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._start_ready()
        if len(self._running) < self._width and not self._nothing_due:
            self._woken.set()

    def _log_failed_claim(self, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._log_at:
            self._log_at = now + LOG_INTERVAL.total_seconds()
            bug = not isinstance(error, WatcherError)
            log.error(
                "the %s step cannot claim its work, and goes on trying: %s",
                self.name,
                error,
                exc_info=bug,
                extra=event("step.failed", step=self.name, error=str(error)),
            )

    async def _cancel_running(self) -> None:
        self._ready.clear()
        if self._limiter:
            self._limiter.clear()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
