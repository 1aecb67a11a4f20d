"""The parser pool: assigns tasks to parser processes, first come, first served, and replaces these when needed.

    run ──▶ wait for a process ──▶ configure it ──▶ request ──▶ reply: idle again
              │ idle, or a new one                     └─ timeout, crash: killed; the next task starts a new one
              └ busy, but has just started its task: queued behind that, so that the process need not wait for the loop

What a task does, and what its failure means, is not known here.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import TimerHandle
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from watcher.errors import NoParserProcess, ParserDied, ParserError
from watcher.log import event
from watcher.parsing.frames import FrameError, pack_header
from watcher.parsing.process import ParserProcess, ProcessSettings, result_of
from watcher.parsing.request_queue import NotStarted
from watcher.parsing.shared_buffer import SLOT_SIZE

log = logging.getLogger(__name__)

_JUST_STARTED = 0.03  # seconds: a task that has run for longer may be one that takes long
_TRIED_AGAIN_AFTER = 5.0  # seconds: while no process starts, `ensure_available` starts one no more often
_SMALL_HEADER = 2**16  # bytes that a socket accepts at once, with another request before them


class ParserPool:
    """Runs tasks in up to `size` processes, which start when they are needed. For one event loop; not thread-safe.

    `tasks` is the dotted name of a module with `TASKS: Mapping[str, Callable[[dict[str, Any], bytes], bytes]]`, and
    perhaps `preload()` and `configure(generation: int, configuration: bytes)`. A process may grow by `memory_limit`
    bytes after loading; a result may have `largest_reply` bytes. A process is replaced after `tasks_per_process` tasks,
    and stopped after `idle_after` without one.
    """

    def __init__(
        self,
        size: int,
        tasks: str,
        *,
        memory_limit: int = 512 * 2**20,
        tasks_per_process: int = 5_000,
        start_timeout: timedelta = timedelta(seconds=60),
        idle_after: timedelta = timedelta(minutes=10),
        largest_reply: int = 32 * 2**20,
    ) -> None:
        self._settings = ProcessSettings(
            tasks=tasks, memory_limit=memory_limit, largest_reply=largest_reply, start_timeout=start_timeout
        )
        self._tasks_per_process = tasks_per_process
        self._idle_after = idle_after
        self._size = size
        self._next_in_order = asyncio.Lock()  # held by the task that gets the next process: asyncio's locks are fair
        self._changed = asyncio.Event()
        self._processes: set[ParserProcess] = set()
        self._idle: dict[ParserProcess, TimerHandle] = {}  # the one used last is at the end
        self._successor: ParserProcess | None = None
        self._replacement: asyncio.Task[None] | None = None
        self._configuration: tuple[int, bytes] | None = None
        self._closed = False
        self._trial = asyncio.Lock()  # held by the caller of `ensure_available` that starts a process
        self._failed_at = float("-inf")
        self._problem = ""  # of the last process that was started

    @property
    def problem(self) -> str:
        """Why no process can start; "" if one works, or the last one that was started could."""
        return "" if any(process.is_ready for process in self._in_service()) else self._problem

    @property
    def pids(self) -> tuple[int, ...]:
        """The ids of the processes that live now."""
        return tuple(process.pid for process in self._processes if process.alive)

    def prestart(self, processes: int) -> None:
        """Starts processes until there are as many, or `size`, without waiting for them. Raises NoParserProcess.

        Tasks wait until their process is ready, and receive its error if it cannot load.
        """
        while len(self._in_service()) < min(processes, self._size):
            self._start_process()

    async def ensure_available(self) -> None:
        """Returns at once unless the last process could not start. Then it starts one, and waits until that is ready.

        Raises NoParserProcess: a task would end like this, too.
        """
        if not self.problem:
            return
        async with self._trial:
            if not self.problem:
                return
            if asyncio.get_running_loop().time() - self._failed_at < _TRIED_AGAIN_AFTER:
                raise NoParserProcess(self.problem)
            with suppress(NotStarted):  # the process ended after it had started
                async with self._assigned(may_queue=False):
                    pass

    async def run(
        self,
        task: str,
        arguments: Mapping[str, Any],
        payload: bytes,
        timeout: timedelta,  # noqa: ASYNC109 - only the pool knows when a process starts the task
    ) -> bytes:
        """Runs one task and returns its result. `timeout` counts from when a process starts the task.

        Raises ParserTimeout, ParserDied, NoParserProcess or TaskFailed. Cancelling it kills the process that runs it.
        """
        try:
            header = pack_header({"task": task, "arguments": dict(arguments), "seconds": timeout.total_seconds()})
        except FrameError as error:
            raise ParserDied(f"{task} could not be sent: {error}") from error
        may_queue = len(header) <= _SMALL_HEADER and len(payload) <= SLOT_SIZE
        while True:
            try:
                async with self._assigned(may_queue=may_queue) as process:
                    reply = await process.request(header, payload, timeout, name=task)
                    process.tasks_done += 1
                    process.retired |= bool(reply.header.get("recycle"))
                return result_of(reply, name=task)
            except NotStarted:
                may_queue = False  # it has been queued once already

    async def configure(self, generation: int, configuration: bytes) -> None:
        """Sets the configuration of every later task; each process receives it before its next one."""
        self._configuration = (generation, configuration)

    async def aclose(self) -> None:
        """Kills every process and waits until it is gone. Tasks that run or wait end with NoParserProcess."""
        self._closed = True
        self._changed.set()
        if self._replacement:
            self._replacement.cancel()
            await asyncio.wait({self._replacement})
        for process in tuple(self._processes):
            process.kill()
            self._on_change(process)
        if exits := {process.exited for process in self._processes}:
            await asyncio.wait(exits)

    @asynccontextmanager
    async def _assigned(self, *, may_queue: bool) -> AsyncIterator[ParserProcess]:
        """Waits for a process and yields it, ready and configured; kills it if the body raises, except NotStarted."""
        async with self._next_in_order:
            while (process := self._pick(may_queue=may_queue)) is None:
                self._changed.clear()
                await self._changed.wait()
            process.assigned += 1
        try:
            await self._make_ready(process)
            yield process
        except (NotStarted, asyncio.CancelledError):  # cancelling a running request aborts its queue, which is enough
            raise
        except BaseException:
            process.kill()
            raise
        finally:
            process.assigned -= 1
            self._on_change(process)

    def _pick(self, *, may_queue: bool) -> ParserProcess | None:
        """Returns the process that takes the next task: an idle one, a new one, or one to queue behind another task.

        Of the idle ones, the one that was used last: the others reach `idle_after` when there is less to do.
        """
        if self._closed:
            raise NoParserProcess("the parser pool is closed")
        while self._idle:
            process = next(reversed(self._idle))
            self._leave_idle(process)
            if process.alive:
                return process
            self._on_change(process)
        in_service = self._in_service()
        if len(in_service) < self._size:
            try:
                return self._start_process()
            except NoParserProcess as error:
                if not in_service:
                    self._note_failed_start(error)
                    raise
        if not may_queue:
            return None
        open_to_another = (
            process
            for process in in_service
            if process.configuration is self._configuration and process.can_queue(running_for=_JUST_STARTED)
        )
        return min(open_to_another, key=lambda process: process.busy_since, default=None)

    def _in_service(self) -> list[ParserProcess]:
        return [process for process in self._processes if process.alive and process is not self._successor]

    def _start_process(self) -> ParserProcess:
        process = ParserProcess(self._settings, changed=self._on_change)
        self._processes.add(process)
        process.exited.add_done_callback(lambda _: self._processes.discard(process))
        return process

    async def _make_ready(self, process: ParserProcess) -> None:
        """Waits until a process can run a task. Raises NoParserProcess."""
        is_new = not process.is_ready
        try:
            await process.ready()
            await self._bring_up_to_date(process)
        except NoParserProcess as error:
            self._note_failed_start(error)
            raise
        if is_new and self._problem:
            self._problem = ""
            log.info("parser processes start again", extra=event("parser.available"))

    def _note_failed_start(self, error: NoParserProcess) -> None:
        """Logs the first of several failures."""
        if self._closed:
            return
        if not self._problem:
            words = "no further parser process can start; feeds and pages that need one are tried again: %s"
            log.error(words, error, extra=event("parser.unavailable", error=str(error)))
        self._problem = str(error)
        self._failed_at = asyncio.get_running_loop().time()

    def _on_change(self, process: ParserProcess) -> None:
        """Closes, idles or replaces a process after a task left it, it replied or died; then wakes the next task."""
        if not process.alive or (process.retired and not process.assigned) or self._closed:
            self._leave_idle(process)
            if not process.assigned:
                process.close()
        elif process is not self._successor:
            if process.idle and process not in self._idle:
                loop = asyncio.get_running_loop()
                self._idle[process] = loop.call_later(self._idle_after.total_seconds(), self._retire, process)
            is_used_up = process.tasks_done >= self._tasks_per_process and not process.retired
            if is_used_up and self._replacement is None:
                self._replacement = asyncio.get_running_loop().create_task(self._replace(process))
        self._changed.set()

    def _leave_idle(self, process: ParserProcess) -> None:
        if timer := self._idle.pop(process, None):
            timer.cancel()

    def _retire(self, process: ParserProcess) -> None:
        process.retired = True
        self._on_change(process)

    async def _replace(self, process: ParserProcess) -> None:
        """Starts a successor while the process goes on, and retires it when the successor is ready: no task waits."""
        try:
            self._successor = self._start_process()
            await self._successor.ready()
            await self._bring_up_to_date(self._successor)
        except BaseException as error:
            if self._successor:
                self._successor.close()
            if not isinstance(error, ParserError | NotStarted):
                raise
            log.warning(
                "a parser process goes on after its %d tasks, since it could not be replaced: %s",
                self._tasks_per_process,
                error,
                extra=event("parser.not_replaced", error=str(error)),
            )
        else:
            successor, self._successor = self._successor, None
            # If the process has ended meanwhile, the pool may have filled its place already.
            self._retire(process if process.alive else successor)
            self._on_change(successor)
        finally:
            self._successor = None
            self._replacement = None

    async def _bring_up_to_date(self, process: ParserProcess) -> None:
        """Sends the latest configuration to a process that does not have it. Raises NoParserProcess."""
        while (configuration := self._configuration) and process.configuration is not configuration:
            generation, content = configuration
            name, header = f"configuration {generation}", pack_header({"generation": generation})
            try:
                result_of(await process.request(header, content, self._settings.start_timeout, name=name), name=name)
            except ParserError as error:
                raise NoParserProcess(f"a parser process could not be configured: {error}") from error
            process.configuration = configuration
