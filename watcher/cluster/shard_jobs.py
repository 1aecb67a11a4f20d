"""The job `fetch`: works on a shard until nothing is due there any more, or until it is handed over.

A worker takes its fair share of the shards with work: all of them if it is alone. So shards stay where their
robots.txt, connections and paragraphs are known, and move only when workers come and go.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from watcher.cluster.membership import Membership, Roles
from watcher.runtime.claims import Holdings
from watcher.runtime.runner import StepRunner
from watcher.runtime.service import Service
from watcher.store.commands.holds import FETCH, shard_hold
from watcher.store.commands.jobs import SHARD_QUEUE
from watcher.store.commands.membership import JobCounts
from watcher.store.fencing import Hold
from watcher.store.queries import due_work
from watcher.store.queries.workers import LivingWorker

GRACE = timedelta(seconds=5)  # for requests in flight when a shard is handed back
_SHORTEST = 3.0  # seconds that a shard stays at least, unless the worker ends
_AHEAD = timedelta(minutes=1)  # for work that is due soon a shard is kept: a job costs as much as ten polls
_IDLE_LOOKS = 2  # at a shard without due work, one a second, before its job ends
_OVERDUE = 3.0  # seconds in which nobody takes a job beyond the fair share, before this worker does


class ShardJobs:
    """The shards on which this worker works."""

    def __init__(self, service: Service, membership: Membership, holdings: Holdings, roles: Roles) -> None:
        self._service = service
        self._membership = membership
        self._holdings = holdings
        self._roles = roles
        self.queues: Sequence[str] = [SHARD_QUEUE.format(shard) for shard in roles.shards]
        self._ends: dict[int, asyncio.Event] = {}
        self._began: dict[int, float] = {}
        self._idle: dict[int, int] = {}
        self._full_since: float | None = None

    async def run(self, shard: int) -> None:
        """Works on a shard, if no other worker holds it."""
        if shard in self._ends:  # a job of a worker that was taken for dead
            return
        hold = await self._membership.take(shard_hold(shard))
        if hold is None:
            return
        self._ends[shard] = asyncio.Event()
        self._began[shard], self._idle[shard] = asyncio.get_running_loop().time(), 0
        self._holdings.shards[shard] = hold
        try:
            self._wake()
            await self._ends[shard].wait()
        finally:
            await self._give_up(shard, hold)

    async def look(self) -> None:
        """Ends the jobs of shards without due work. To be called once a second."""
        held = tuple(self._holdings.shards)
        if not held:
            return
        revisits = self._service.settings.config.revisions.enabled
        due = await self._service.resources.store.run(
            due_work.due_shards, held, revisits=revisits, now=self._service.resources.now() + _AHEAD
        )
        for shard in held:
            hold = self._holdings.shards.get(shard)
            works = shard in due or (hold is not None and any(step.works_under(hold) for step in self._steps))
            self._idle[shard] = 0 if works else self._idle.get(shard, 0) + 1
            if self._idle[shard] >= _IDLE_LOOKS:
                self._end(shard)
        self._wake()

    def end_all(self) -> None:
        """Ends all jobs; each gives its shard up."""
        for shard in list(self._ends):
            self._end(shard)

    def share_out(self, jobs: JobCounts, others: Sequence[LivingWorker]) -> None:
        """Hands over the shards beyond the fair share, those that were worked on longest first."""
        fair, now = self._fair_share(jobs, others), asyncio.get_running_loop().time()
        working = [shard for shard, end in self._ends.items() if not end.is_set()]
        excess = len(working) - fair
        settled = [shard for shard in working if now - self._began[shard] >= _SHORTEST]
        for shard in sorted(settled, key=self._began.__getitem__)[: max(excess, 0)]:
            self._end(shard)

    def has_room(self, jobs: JobCounts, others: Sequence[LivingWorker]) -> bool:
        """Whether this worker takes a further shard now."""
        working = sum(not end.is_set() for end in self._ends.values())
        if working < self._fair_share(jobs, others):
            self._full_since = None
            return True
        now = asyncio.get_running_loop().time()
        self._full_since = self._full_since or now
        if now - self._full_since < _OVERDUE:
            return False
        self._full_since = None  # one that should take it does not: it may be dead
        return True

    def _fair_share(self, jobs: JobCounts, others: Sequence[LivingWorker]) -> int:
        mine = sum(jobs.of_queue.get(queue, 0) for queue in self.queues)
        count = sum(FETCH in other.roles and not other.paused and self._overlaps(other) for other in others)
        return max(math.ceil(mine / (count + 1)), 1)

    def _overlaps(self, other: LivingWorker) -> bool:
        first, _, last = other.shards.partition("-")
        return any(int(first) <= shard <= int(last) for shard in self._roles.shards)

    @property
    def _steps(self) -> tuple[StepRunner[Any], ...]:
        return self._service.poll, self._service.ingest, self._service.revisits.runner

    def _wake(self) -> None:
        for step in self._steps:
            step.wake()

    def _end(self, shard: int) -> None:
        if shard in self._ends:
            self._ends[shard].set()

    async def _give_up(self, shard: int, hold: Hold) -> None:
        """Ends what runs under the hold, then frees it; one whose lease is over ends at once."""
        self._holdings.shards.pop(shard, None)
        grace = GRACE if hold.is_valid() else timedelta()
        await asyncio.gather(*(step.withdraw({hold}, grace) for step in self._steps))
        del self._ends[shard], self._began[shard]
        self._idle.pop(shard, None)
        if hold.is_valid():
            await self._membership.free(hold)
