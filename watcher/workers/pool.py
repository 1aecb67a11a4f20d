"""The pool: hands tasks to worker processes, first come, first served, and replaces what hangs, dies or wears out.

    run ──▶ slot (one per process, in order) ──▶ idle worker, or a new one ──▶ configured ──▶ asked ──▶ idle again
                                                                                 └─ hangs, dies, cancelled ──▶ killed

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

from watcher.errors import WorkerDied, WorkerError
from watcher.log import event
from watcher.workers.frames import Frame
from watcher.workers.process import Launch, WorkerProcess, result_of

log = logging.getLogger(__name__)


class WorkerPool:
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
        tasks_per_worker: int = 2_000,
        start_timeout: timedelta = timedelta(seconds=60),
        idle_after: timedelta = timedelta(minutes=10),
        largest_reply: int = 32 * 2**20,
    ) -> None:
        self._launch = Launch(
            tasks=tasks, memory_limit=memory_limit, largest_reply=largest_reply, start_timeout=start_timeout
        )
        self._tasks_per_worker = tasks_per_worker
        self._idle_after = idle_after
        self._slots = asyncio.Semaphore(size)
        self._workers: set[WorkerProcess] = set()
        self._idle: dict[WorkerProcess, TimerHandle] = {}
        self._relief: asyncio.Task[None] | None = None
        self._configuration: tuple[int, bytes] | None = None
        self._closed = False

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that live now."""
        return tuple(worker.pid for worker in self._workers if worker.alive)

    async def start(self) -> None:
        """Start the first process, so that what is wrong with the tasks module shows at once. Raises WorkerDied."""
        async with self._slots, self._worker():
            return

    async def run(
        self,
        task: str,
        arguments: Mapping[str, Any],
        payload: bytes,
        timeout: timedelta,  # noqa: ASYNC109 - only the pool knows when a worker has the task
    ) -> bytes:
        """The result of one task. `timeout` counts from when a worker has it, not while it waits for one.

        Raises WorkerTimeout, WorkerDied, TaskFailed. Cancelling it kills the worker.
        """
        request = Frame({"task": task, "arguments": dict(arguments), "seconds": timeout.total_seconds()}, payload)
        async with self._slots, self._worker() as worker:
            await self._bring_up_to_date(worker)
            answer = await worker.ask(request, timeout, what=task)
            worker.tasks_done += 1
            worker.retired |= bool(answer.header.get("worn"))
        return result_of(answer, what=task)

    async def configure(self, generation: int, configuration: bytes) -> None:
        """Every task that starts after this sees this configuration; each worker gets it before its next task."""
        self._configuration = (generation, configuration)

    async def aclose(self) -> None:
        """Kill every worker and wait until it is gone. Tasks that still run or wait end with WorkerDied."""
        self._closed = True
        if self._relief:
            self._relief.cancel()
            await asyncio.wait({self._relief})
        for worker in tuple(self._idle):
            self._take(worker).close()
        for worker in self._workers:
            worker.kill()
        if gone := {worker.exited for worker in self._workers}:
            await asyncio.wait(gone)

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[WorkerProcess]:
        """A worker for one task. Whatever goes wrong with it, it is not used again."""
        worker = self._take_idle() or self._new_worker()
        try:
            await worker.ready()
            yield worker
        except BaseException:
            worker.close()
            raise
        self._give_back(worker)

    def _take_idle(self) -> WorkerProcess | None:
        """The worker that was used last, so that those that are not needed grow old and stop."""
        while self._idle:
            worker = self._take(next(reversed(self._idle)))
            if worker.alive:
                return worker
            worker.close()
        return None

    def _take(self, worker: WorkerProcess) -> WorkerProcess:
        self._idle.pop(worker).cancel()
        return worker

    def _new_worker(self) -> WorkerProcess:
        if self._closed:
            raise WorkerDied("the pool is closed")
        worker = WorkerProcess(self._launch)
        self._workers.add(worker)
        worker.exited.add_done_callback(lambda _: self._workers.discard(worker))
        return worker

    def _give_back(self, worker: WorkerProcess) -> None:
        if self._closed or worker.retired or not worker.alive:
            worker.close()
            return
        loop = asyncio.get_running_loop()
        self._idle[worker] = loop.call_later(self._idle_after.total_seconds(), self._stop_idle, worker)
        if worker.tasks_done >= self._tasks_per_worker and self._relief is None:
            self._relief = loop.create_task(self._relieve(worker))

    def _stop_idle(self, worker: WorkerProcess) -> None:
        self._take(worker).close()

    async def _relieve(self, worker: WorkerProcess) -> None:
        """Start a successor while the worker goes on, then let it go: nobody waits for the change."""
        successor: WorkerProcess | None = None
        try:
            successor = self._new_worker()
            await successor.ready()
            await self._bring_up_to_date(successor)
        except BaseException as error:
            if successor:
                successor.close()
            if not isinstance(error, WorkerError):
                raise
            log.warning(
                "A worker that has done its share goes on: %s",
                error,
                extra=event("worker.not_replaced", error=str(error)),
            )
        else:
            worker.retired = True
            if worker in self._idle:
                self._take(worker).close()
            self._give_back(successor)
        finally:
            self._relief = None

    async def _bring_up_to_date(self, worker: WorkerProcess) -> None:
        while (configuration := self._configuration) and worker.configuration is not configuration:
            generation, content = configuration
            request = Frame({"generation": generation}, content)
            what = f"configuration {generation}"
            result_of(await worker.ask(request, self._launch.start_timeout, what=what), what=what)
            worker.configuration = configuration
