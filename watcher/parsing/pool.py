"""The pool: hands tasks to worker processes, first come, first served, and replaces what hangs, dies or wears out.

    run ──▶ its turn ──▶ an idle worker, or a new one ──▶ configured ──▶ asked ──▶ idle again
                └─ or one that has just begun with another: this one lies ready for it     └─ hangs, dies ──▶ killed

Never here: what a task does, and what its failure means.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import TimerHandle
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from watcher.errors import ParserDied, ParserError
from watcher.log import event
from watcher.parsing.frames import FrameError, pack_header
from watcher.parsing.process import Launch, ParserProcess, result_of
from watcher.parsing.request_queue import NotStarted
from watcher.parsing.shared_buffer import ROOM

log = logging.getLogger(__name__)

_BRIEFLY = 0.03  # seconds at work, after which a task may be one of those that take long
_LIGHT = 2**16  # bytes of arguments that a socket takes at once, with others before them


class ParserPool:
    """Up to `size` processes that run the tasks of the module with the dotted name `tasks`.

    The module has `TASKS: Mapping[str, Callable[[dict[str, Any], bytes], bytes]]` and may have `preload()` and
    `configure(generation: int, configuration: bytes)`. Bytes a worker may grow above what it is after loading:
    `memory_limit`; bytes of the largest result: `largest_reply`. Processes start when they are needed, are replaced
    after `tasks_per_worker` tasks and stopped after `idle_after` without one. Of one event loop; not thread-safe.
    """

    def __init__(
        self,
        size: int,
        tasks: str,
        *,
        memory_limit: int = 512 * 2**20,
        tasks_per_worker: int = 5_000,
        start_timeout: timedelta = timedelta(seconds=60),
        idle_after: timedelta = timedelta(minutes=10),
        largest_reply: int = 32 * 2**20,
    ) -> None:
        self._launch = Launch(
            tasks=tasks, memory_limit=memory_limit, largest_reply=largest_reply, start_timeout=start_timeout
        )
        self._tasks_per_worker = tasks_per_worker
        self._idle_after = idle_after
        self._size = size
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()
        self._workers: set[ParserProcess] = set()
        self._serving: set[ParserProcess] = set()
        self._idle: dict[ParserProcess, TimerHandle] = {}
        self._relief: asyncio.Task[None] | None = None
        self._configuration: tuple[int, bytes] | None = None
        self._closed = False

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that live now."""
        return tuple(worker.pid for worker in self._workers if worker.alive)

    async def start(self) -> None:
        """Start the first process, so that what is wrong with the tasks module shows at once. Raises ParserDied."""
        async with self._worker(light=False):
            return

    def start_ahead(self, processes: int) -> None:
        """Start that many processes, as far as there may be, without waiting for them. Who needs one waits for it, and
        hears what is wrong with it. Raises ParserDied."""
        while len(self._serving) < min(processes, self._size):
            self._serving.add(self._new_worker())

    async def run(
        self,
        task: str,
        arguments: Mapping[str, Any],
        payload: bytes,
        timeout: timedelta,  # noqa: ASYNC109 - only the pool knows when a worker has the task
    ) -> bytes:
        """The result of one task. `timeout` counts from when a worker begins with it, not while it waits for that.

        Raises ParserTimeout, ParserDied, TaskFailed. Cancelling it kills the worker that is at work on it.
        """
        try:
            header = pack_header({"task": task, "arguments": dict(arguments), "seconds": timeout.total_seconds()})
        except FrameError as error:
            raise ParserDied(f"{task} could not be asked for: {error}") from error
        light = len(header) <= _LIGHT and len(payload) <= ROOM
        while True:
            try:
                async with self._worker(light=light) as worker:
                    await self._bring_up_to_date(worker)
                    answer = await worker.ask(header, payload, timeout, what=task)
                    worker.tasks_done += 1
                    worker.retired |= bool(answer.header.get("worn"))
                return result_of(answer, what=task)
            except NotStarted:
                light = False  # it has waited behind another once

    async def configure(self, generation: int, configuration: bytes) -> None:
        """Every task that is run after this sees this configuration; each worker gets it before its next one."""
        self._configuration = (generation, configuration)

    async def aclose(self) -> None:
        """Kill every worker and wait until it is gone. Tasks that still run or wait end with ParserDied."""
        self._closed = True
        self._freed.set()
        if self._relief:
            self._relief.cancel()
            await asyncio.wait({self._relief})
        for worker in tuple(self._workers):
            worker.kill()
            self._settle(worker)
        if gone := {worker.exited for worker in self._workers}:
            await asyncio.wait(gone)

    @asynccontextmanager
    async def _worker(self, *, light: bool) -> AsyncIterator[ParserProcess]:
        """A worker for one task, in turn. One that a task was the end of is not used again."""
        async with self._turn:
            while (worker := self._free(light=light)) is None:
                self._freed.clear()
                await self._freed.wait()
            worker.hands += 1
        try:
            await worker.ready()
            yield worker
        except (NotStarted, asyncio.CancelledError):
            raise
        except BaseException:
            worker.kill()
            worker.retired = True
            raise
        finally:
            worker.hands -= 1
            self._settle(worker)

    def _free(self, *, light: bool) -> ParserProcess | None:
        """Who takes a task now: the worker that was used last, so that those that are not needed grow old and stop;
        a new one; for a light task, one that has just begun with another."""
        if self._closed:
            raise ParserDied("the pool is closed")
        while self._idle:
            worker = self._take(next(reversed(self._idle)))
            if worker.alive:
                return worker
            self._settle(worker)
        if len(self._serving) < self._size:
            worker = self._new_worker()
            self._serving.add(worker)
            return worker
        if not light:
            return None
        free = (
            worker
            for worker in self._serving
            if worker.configuration is self._configuration and worker.has_room_behind(_BRIEFLY)
        )
        return min(free, key=lambda worker: worker.at_work_since, default=None)

    def _take(self, worker: ParserProcess) -> ParserProcess:
        self._idle.pop(worker).cancel()
        return worker

    def _new_worker(self) -> ParserProcess:
        worker = ParserProcess(self._launch, changed=self._settle)
        self._workers.add(worker)
        worker.exited.add_done_callback(lambda _: self._workers.discard(worker))
        return worker

    def _settle(self, worker: ParserProcess) -> None:
        """What becomes of a worker that somebody let go of, that answered, or that will answer no more."""
        if not worker.alive or (worker.retired and not worker.hands) or self._closed:
            self._serving.discard(worker)
            if worker in self._idle:
                self._take(worker)
            if not worker.hands:
                worker.close()
        elif worker in self._serving:
            if worker.idle and worker not in self._idle:
                loop = asyncio.get_running_loop()
                self._idle[worker] = loop.call_later(self._idle_after.total_seconds(), self._stop_idle, worker)
            if worker.tasks_done >= self._tasks_per_worker and self._relief is None:
                self._relief = asyncio.get_running_loop().create_task(self._relieve(worker))
        self._freed.set()

    def _stop_idle(self, worker: ParserProcess) -> None:
        worker.retired = True
        self._settle(worker)

    async def _relieve(self, worker: ParserProcess) -> None:
        """Start a successor while the worker goes on, then let it go: nobody waits for the change."""
        successor: ParserProcess | None = None
        try:
            successor = self._new_worker()
            await successor.ready()
            await self._bring_up_to_date(successor)
        except BaseException as error:
            if successor:
                successor.close()
            if not isinstance(error, ParserError | NotStarted):
                raise
            log.warning(
                "A worker that has done its share goes on: %s",
                error,
                extra=event("worker.not_replaced", error=str(error)),
            )
        else:
            worker.retired = True
            self._settle(worker)
            self._serving.add(successor)
            self._settle(successor)
        finally:
            self._relief = None

    async def _bring_up_to_date(self, worker: ParserProcess) -> None:
        while (configuration := self._configuration) and worker.configuration is not configuration:
            generation, content = configuration
            header, what = pack_header({"generation": generation}), f"configuration {generation}"
            result_of(await worker.ask(header, content, self._launch.start_timeout, what=what), what=what)
            worker.configuration = configuration
