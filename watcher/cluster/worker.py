"""A worker: registers, takes jobs, renews its lease, and hands its work back at the end.

    renew ──▶ the others, their configs, the number of jobs        sweep ──▶ jobs for due work
    take  ──▶ job ─▶ hold ─▶ runners, restricted to what is held   tick  ──▶ shards without work, upkeep

All of it waits while the database is away. A worker whose lease ended, because it was suspended or the database was
away for too long, gives everything up and registers again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from procrastinate.jobs import Job

from watcher.cluster.config_parts import config_parts, differing
from watcher.cluster.engine import Engine
from watcher.cluster.membership import Membership, Roles
from watcher.cluster.other_jobs import ArchiveJob, ChannelJobs
from watcher.cluster.pacing import HostPacer
from watcher.cluster.shard_jobs import ShardJobs
from watcher.cluster.sweep import sweep_once
from watcher.cluster.upkeep import TICK, Upkeep
from watcher.errors import ConfigError, HoldLost, StateError, StateLocked, WatcherError
from watcher.log import event
from watcher.runtime.claims import Holdings
from watcher.runtime.service import Service
from watcher.store.commands import jobs, membership
from watcher.store.commands.holds import ARCHIVE, DELIVER, FETCH
from watcher.store.commands.membership import Surroundings

log = logging.getLogger(__name__)

SWEEP = timedelta(seconds=2)
_FOLLOW_LISTS = timedelta(seconds=15)
_LEARN = timedelta(minutes=10)
_LOG_INTERVAL = timedelta(minutes=1)
_Task = Callable[[], Coroutine[Any, Any, None]]


class Worker:
    """The loops of one worker. `failed`: why it cannot go on, None while it can."""

    def __init__(
        self,
        service: Service,
        member: Membership,
        engine: Engine,
        *,
        roles: Roles,
        holdings: Holdings,
        pacer: HostPacer,
    ) -> None:
        self.failed: WatcherError | None = None
        self._service = service
        self._member = member
        self._engine = engine
        self._roles = roles
        self._pacer = pacer
        self._stopping, self._ending = asyncio.Event(), asyncio.Event()
        self._wakers: list[asyncio.Event] = []
        self._paused = self._reloading = False
        self._renewing = asyncio.Lock()
        self._config_of: object = service.settings.config
        self._config = config_parts(service.settings.config)
        self._surroundings: Surroundings | None = None
        self._aware = False
        self._jobs: dict[asyncio.Task[None], Job] = {}
        self._unfinished: list[Job] = []
        self._is_following = False
        self._shards = ShardJobs(service, member, holdings, roles)
        self._channels = ChannelJobs(service, member, holdings, self._ending)
        self._archive = ArchiveJob(service, member, self._ending)
        self._upkeep = Upkeep(service, member)
        self._queues = [name for name in (ARCHIVE, DELIVER) if name in roles.names]
        self._queues += self._shards.queues if FETCH in roles.names else ()
        self._log_at: dict[str, float] = {}

    # -- start and end -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Registers, and puts the config in force. Raises ConfigError if other workers have another one."""
        await self._member.join(self._config, engine=self._engine.number)
        await self._service.subscribe()
        await self._service.learn_repeated()

    def run(self, stop: asyncio.Event) -> list[asyncio.Task[None]]:
        """Starts the loops. `stop` is set when the worker cannot go on."""
        self._stop = stop
        queues = [name for name in (ARCHIVE, DELIVER) if name in self._roles.names]
        loops: list[Coroutine[Any, Any, None]] = [
            self._forever("lease", self._renew, self._renewal_interval),
            self._forever("sweep", self._sweep, lambda: SWEEP * random.uniform(0.7, 1.3)),  # noqa: S311
            self._forever("tick", self._tick, lambda: TICK),
            self._forever("notifications", self._listen, lambda: TICK),
            self._forever("lists", self._follow_lists, lambda: _FOLLOW_LISTS),  # a reload may bring the first one
        ]
        if FETCH in self._roles.names:
            loops.append(self._take_jobs(self._shards.queues, self._has_room))
            loops.append(self._forever("repeats", self._service.learn_repeated, lambda: _LEARN))
        if queues:
            loops.append(self._take_jobs(queues, _always))
        loops += [runner.run() for runner in self._service.runners]
        return [asyncio.create_task(loop) for loop in loops]

    async def stop(self) -> None:
        """Takes no more jobs, ends those that run and frees their holds."""
        self._stopping.set()
        await self._end_work()

    async def leave(self) -> None:
        """Hands everything back. Raises StateError if the database is away."""
        try:
            await self._finish_jobs()
        finally:
            await self._member.leave()

    async def reload(self, apply: Callable[[], Awaitable[None]]) -> None:
        """Puts another config in force with `apply`, while no worker decides under the former one.

        If the database is away, the other workers and the feeds learn of it at a later renewal.
        """
        self._reloading = True
        try:
            await self._end_work()
            await apply()
            self._paused = True
        finally:
            self._reloading = False
        with suppress(WatcherError):  # the loop of renewals meets it again, and logs it
            await self._renew()

    # -- loops ---------------------------------------------------------------------------------------------------------

    async def _forever(self, name: str, work: _Task, wait: Callable[[], timedelta]) -> None:
        """Calls `work` again and again. Errors are logged, at most once a minute, and it goes on."""
        while True:
            try:
                await work()
            except (StateLocked, ConfigError) as error:  # `run` has taken the state, or others have another config
                self._fail(error)
            except Exception as error:
                self._log_failure(name, error)
            await asyncio.sleep(wait().total_seconds())

    async def _renew(self) -> None:
        async with self._renewing:
            await self._renew_alone()

    async def _renew_alone(self) -> None:
        await self._announce_config()
        if not self._member.lease.is_valid():
            await self._start_over()
            return
        aware, self._aware = self._aware, False
        seen = await self._member.renew(
            engine=self._engine.number,
            paused=self._is_at_rest,
            aware=aware,
            tally=self._service.tally.counts(),
        )
        if seen is None:
            await self._start_over()
            return
        self._pacer.note_shared(seen.shared_hosts)
        self._surroundings, self._aware = seen, True
        await self._finish_jobs()
        if not self._reloading:
            await self._heed_configs(seen)
        self._shards.share_out(seen.jobs, seen.others)
        if not seen.jobs.waiting.isdisjoint(self._queues):
            self._wake()  # a notification was lost, or there was no room before

    async def _announce_config(self) -> None:
        """Says that this worker has another config, also if the database was away when it was reloaded."""
        config = self._service.settings.config
        if self._reloading or config is self._config_of:
            return
        self._paused = True
        parts = config_parts(config)
        if parts != self._config:
            await self._member.reconfigure(parts)
        self._config, self._config_of = parts, config

    def _renewal_interval(self) -> timedelta:
        return min(self._member.duration / 5, timedelta(seconds=2))

    async def _start_over(self) -> None:
        """Gives all up after the lease ended, and registers again."""
        log.warning("the lease of this worker ended; it gives its work up", extra=event("worker.lost"))
        self._aware, self._surroundings = False, None
        await self._end_jobs()
        self._unfinished.clear()
        await self._member.leave()
        await self._engine.register()
        await self._member.join(self._config, engine=self._engine.number)

    async def _heed_configs(self, seen: Surroundings) -> None:
        """Pauses while another worker has a newer config, or works under an older one."""
        different = [other for other in seen.others if dict(other.config) != dict(self._config)]
        newer = [other for other in different if other.config_at > seen.own.config_at]
        waits = bool(newer) or any(not other.paused for other in different)
        if waits and not self._paused:
            self._paused = True
            words = differing(self._config, newer or different)
            log.warning("paused: the config differs in %s; reload it", words, extra=event("worker.paused"))
            await self._end_work()
        elif self._paused and not waits:
            await self._service.subscribe()
            self._paused = False
            self._wake()
            log.info("all workers have the same config", extra=event("worker.resumed"))

    async def _sweep(self) -> None:
        if self._is_idle:
            return
        settings = self._service.settings
        await sweep_once(
            self._service.resources.store,
            self._engine,
            shards=settings.config.cluster.shards,
            channels=settings.channels,
            revisits=settings.config.revisions.enabled,
            lease=settings.config.cluster.lease,
            now=self._service.resources.now(),
        )

    async def _tick(self) -> None:
        if self._is_idle:
            await self._upkeep.stop()  # one that is paused would keep it from those that work
            return
        await self._shards.look()
        await self._upkeep.tick()

    async def _follow_lists(self) -> None:
        if self._is_idle:  # one that is paused would subscribe to the feeds of another config
            return
        self._is_following = True
        try:
            await self._service.follow_lists()
        finally:
            self._is_following = False

    @property
    def _is_at_rest(self) -> bool:
        """Whether it waits, and nothing that it began under its config can change the state any more."""
        waits = self._paused or self._reloading
        return waits and not (self._jobs or self._is_following or self._member.has_unfreed)

    @property
    def _is_idle(self) -> bool:
        waits = self._paused or self._reloading or self._stopping.is_set()
        return waits or not self._member.lease.is_valid()

    async def _listen(self) -> None:
        await self._engine.listen(self._queues, self._wake)

    # -- jobs ----------------------------------------------------------------------------------------------------------

    async def _take_jobs(self, queues: Sequence[str], has_room: Callable[[], Awaitable[bool]]) -> None:
        woken = asyncio.Event()
        self._wakers.append(woken)
        while True:
            job = None
            woken.clear()
            try:
                if not self._is_idle and await has_room():
                    job = await self._engine.fetch(queues)
            except Exception as error:  # also after a bug, jobs are taken again
                self._log_failure("queue", error)
            if job is None:
                await woken.wait()
                continue
            task = asyncio.create_task(self._do(job))
            self._jobs[task] = job
            task.add_done_callback(self._jobs.pop)

    def _wake(self) -> None:
        for woken in self._wakers:
            woken.set()

    async def _has_room(self) -> bool:
        others = self._surroundings.others if self._surroundings else ()
        if not any(FETCH in other.roles for other in others):
            return True
        counted = await self._service.resources.store.run(membership.count_jobs)
        return self._shards.has_room(counted, others)

    async def _do(self, job: Job) -> None:
        try:
            if not self._is_idle:  # else it is deferred again where it can be done
                await self._run(job)
        except HoldLost as error:
            log.info("a job ended early: %s", error, extra=event("hold.lost", step=job.task_name))
        except Exception as error:
            self._log_failure(job.task_name, error)
        self._unfinished.append(job)
        try:
            await self._finish_jobs()
            if not self._is_idle:
                own = self._service.resources
                revisits = self._service.settings.config.revisions.enabled
                args = dict(job.task_kwargs)
                await own.store.run(jobs.defer_again, job.task_name, args, revisits=revisits, now=own.now())
        except WatcherError as error:
            self._log_failure(job.task_name, error)

    async def _run(self, job: Job) -> None:
        match job.task_name:
            case "fetch":
                await self._shards.run(int(str(job.task_kwargs["shard"])))
            case "deliver":
                await self._channels.run(str(job.task_kwargs["channel"]))
            case "archive":
                await self._archive.run()

    async def _finish_jobs(self) -> None:
        """Deletes the jobs that ended; one that cannot be deleted now is deleted at the next renewal."""
        while self._unfinished:
            job = self._unfinished.pop()
            try:
                await self._engine.finish(job)
            except StateError:
                self._unfinished.append(job)
                raise

    async def _end_work(self) -> None:
        """Ends all that works under the config: without its hold, the upkeep that is under way changes nothing."""
        await self._upkeep.stop()
        await self._end_jobs()

    async def _end_jobs(self) -> None:
        self._ending.set()
        try:
            while self._jobs:
                self._shards.end_all()
                await asyncio.wait(list(self._jobs), timeout=TICK.total_seconds())
        finally:
            self._ending.clear()

    def _fail(self, error: WatcherError) -> None:
        self.failed = self.failed or error
        self._stop.set()

    def _log_failure(self, name: str, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._log_at.get(name, float("-inf")) < _LOG_INTERVAL.total_seconds():
            return
        self._log_at[name] = now
        bug = not isinstance(error, WatcherError)
        facts = event("bug", where=name) if bug else event("step.failed", step=name, error=str(error))
        log.error("%s: %s; it is tried again", name, error, exc_info=bug, extra=facts)


async def _always() -> bool:
    return True
