"""Keeps the work for one host from filling a step runner: the rest of it waits, so that other hosts are served."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")

SOONEST = timedelta(seconds=1)
GAP = timedelta(milliseconds=20)  # between two of a host, so that a thousand of them do not become due at once
LATEST = timedelta(minutes=10)  # further ones of the host are due between the first again


class HostLimiter(Generic[T]):
    """Admits at most `limit` tasks of one `host` at once; the others wait in a queue for their host.

    `reschedule` gets the waiting tasks, each with the time from which it is due again; None: they always wait here.
    """

    def __init__(
        self,
        *,
        host: Callable[[T], str],
        limit: int,
        now: Callable[[], datetime],
        reschedule: Callable[[Sequence[tuple[T, datetime]]], Awaitable[object]] | None = None,
    ) -> None:
        self._host = host
        self._limit = limit
        self._now = now
        self._reschedule = reschedule
        self._admitted: Counter[str] = Counter()
        self._queues: defaultdict[str, deque[T]] = defaultdict(deque)
        self._due_at: dict[str, datetime] = {}
        self.waiting = 0

    def admit(self, task: T) -> bool:
        """Admits a task until `leave` if its host has room; else the task waits here."""
        host = self._host(task)
        if self._admitted[host] < self._limit:
            self._admitted[host] += 1
            return True
        self._enqueue(task)
        return False

    def leave(self, task: T) -> T | None:
        """Ends a task. Returns the next that waits for its host, if any; that one is to be admitted again."""
        host = self._host(task)
        self._admitted[host] -= 1
        if not self._admitted[host]:
            del self._admitted[host]
        queue = self._queues.get(host)
        if queue is None:
            return None
        self.waiting -= 1
        following = queue.popleft()
        if not queue:
            del self._queues[host]
        return following

    async def reschedule_waiting(self) -> bool:
        """Reschedules all waiting tasks, those of a host one after the other. False if they have to wait here."""
        if self._reschedule is None:
            return False
        now = self._now()
        self._due_at = {host: due_at for host, due_at in self._due_at.items() if due_at > now + SOONEST}
        tasks = self.take_waiting()  # first: none of them may be started meanwhile
        try:
            await self._reschedule([(task, self._next_due_at(task, now)) for task in tasks])
        except BaseException:
            for task in tasks:
                self._enqueue(task)
            raise
        return True

    def take_waiting(self) -> list[T]:
        """Returns all waiting tasks, which wait no longer."""
        tasks = [task for queue in self._queues.values() for task in queue]
        self.clear()
        return tasks

    def clear(self) -> None:
        """Drops all waiting tasks."""
        self._queues.clear()
        self.waiting = 0

    def _enqueue(self, task: T) -> None:
        self._queues[self._host(task)].append(task)
        self.waiting += 1

    def _next_due_at(self, task: T, now: datetime) -> datetime:
        host = self._host(task)
        due_at = self._due_at.get(host, now + SOONEST) + GAP
        self._due_at[host] = due_at if due_at <= now + LATEST else now + SOONEST + GAP
        return self._due_at[host]
