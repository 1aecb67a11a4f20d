"""One parser process as its parent sees it: started, asked, killed, reaped. It knows no other process, and no policy.

Create it in a thread that lives as long as the pool does, such as the event loop's: the kernel ties a child to the
thread that started it (prctl(2), PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from watcher.errors import NoParserProcess, ParserDied, ParserTimeout, TaskFailed
from watcher.parsing.frames import Frame, FrameError, pack
from watcher.parsing.request_queue import NotStarted, RequestQueue
from watcher.parsing.shared_buffer import SLOT_SIZE, SLOTS, SharedBuffer

# Needed by the interpreter and its libraries. The daemon's environment may hold secrets, so nothing else is inherited.
_INHERITED_VARIABLES = ("PATH", "HOME", "TMPDIR", "TZ", "TZDIR", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH")
_EXIT_WAIT = 1.0  # seconds that a process may take to exit after its socket broke
_IN_FLIGHT = SLOTS  # requests: one that runs and one queued behind it, each with its payload in a slot


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSettings:
    """The dotted name of the tasks module, the bytes that a process may grow and reply, and its time to start."""

    tasks: str
    memory_limit: int
    largest_reply: int
    start_timeout: timedelta


class ParserProcess:
    """A child process with the parent's end of its socket and buffer. Its owner must call `close`, which reaps it.

    The pool keeps its books here: `assigned` counts the tasks that hold the process now, `tasks_done` those that it
    completed; `configuration` is the one it received last; a `retired` process takes no further task.
    """

    def __init__(self, settings: ProcessSettings, *, changed: Callable[[ParserProcess], None]) -> None:
        """Starts the process; wait for `ready` before the first request. Raises NoParserProcess.

        `changed` is called after each reply, and when the process can take no more requests.
        """
        self._settings = settings
        self._socket, self._buffer, self._process = _start(settings)
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.assigned = 0
        self.tasks_done = 0
        self.configuration: tuple[int, bytes] | None = None
        self.retired = False
        self._is_ready = False
        self._last_slot = 0
        self._watch_exit()
        self._queue = RequestQueue(self._socket, largest_reply=settings.largest_reply, changed=lambda: changed(self))
        self._greeting = self._queue.expect_reply(settings.start_timeout.total_seconds())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it takes requests."""
        return not self.exited.done() and not self._queue.aborted

    @property
    def is_ready(self) -> bool:
        """Whether it has started, and takes requests."""
        return self._is_ready and self.alive

    @property
    def idle(self) -> bool:
        """Whether no task holds it, and no request of a cancelled one still runs."""
        return not self.assigned and not len(self._queue)

    @property
    def busy_since(self) -> float:
        """The loop's time at which its running request started."""
        return self._queue.busy_since

    def can_queue(self, *, running_for: float) -> bool:
        """Returns whether one more task can be assigned: at most one is, for less than `running_for` seconds."""
        if not self._is_ready or self.retired or not self.alive:
            return False
        if self.assigned >= _IN_FLIGHT or len(self._queue) >= _IN_FLIGHT:
            return False
        return not len(self._queue) or asyncio.get_running_loop().time() - self.busy_since < running_for

    async def ready(self) -> None:
        """Waits until the process has loaded its tasks module. Raises NoParserProcess."""
        if self._is_ready:
            return
        try:
            reply = await self._queue.reply_to(self._greeting)
        except TimeoutError as error:
            raise NoParserProcess(f"a parser process was not ready after {self._settings.start_timeout}") from error
        except NotStarted as error:
            raise NoParserProcess("a parser process was stopped with its pool before it was ready") from error
        except (FrameError, OSError) as error:
            raise NoParserProcess(f"a parser process did not start: {await self._end_reason(error)}") from error
        if kind := reply.header.get("kind"):
            message = reply.header.get("message")
            raise NoParserProcess(f"a parser process could not load {self._settings.tasks}: {kind}: {message}")
        self._is_ready = True

    async def request(self, header: bytes, payload: bytes, time_limit: timedelta, *, name: str) -> Frame:
        """Sends a request and returns the reply; `name` stands for the request in error messages.

        After ParserTimeout and ParserDied the process must be closed; after NotStarted another may be asked.
        """
        try:
            reply = await self._queue.request(self._pack(header, payload), time_limit.total_seconds())
        except TimeoutError as error:
            raise ParserTimeout(f"{name} took longer than {time_limit.total_seconds():g} s and was stopped") from error
        except (FrameError, OSError) as error:
            raise ParserDied(f"{name} ended its parser process: {await self._end_reason(error)}") from error
        if reply.header.get("out_of_memory"):
            limit = self._settings.memory_limit // 2**20
            raise ParserDied(f"{name} needed more than {limit} MB of memory and was stopped")
        return reply

    def _pack(self, header: bytes, payload: bytes) -> tuple[bytes, ...]:
        """Writes a payload that fits into the next slot of the shared buffer: the one before may be unread."""
        if not payload or len(payload) > SLOT_SIZE:
            return pack(header, payload)
        self._last_slot = self._last_slot % SLOTS + 1
        self._buffer.write(self._last_slot, payload)
        return pack(header, payload, slot=self._last_slot)

    def kill(self) -> None:
        """Kills the process and all it started. Its requests end with NotStarted."""
        self._queue.abort(NotStarted())
        if not self.exited.done():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kills the process and closes its socket and buffer. No task may hold it."""
        self.kill()
        self._close_ends()

    def _close_ends(self) -> None:
        self._socket.close()
        self._buffer.close()

    def _watch_exit(self) -> None:
        try:
            pidfd = os.pidfd_open(self.pid)
        except OSError as error:
            self._process.kill()
            self._process.wait()
            self._close_ends()
            raise NoParserProcess(f"a parser process could not be watched: {error.strerror}") from error
        asyncio.get_running_loop().add_reader(pidfd, self._reap, pidfd)

    def _reap(self, pidfd: int) -> None:
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)
        code = self._process.wait()
        if not self.exited.done():
            self.exited.set_result(code)

    async def _end_reason(self, error: Exception) -> str:
        """Says how the process exited or, if it does not exit in time, how it broke its socket."""
        await asyncio.wait({self.exited}, timeout=_EXIT_WAIT)
        if not self.exited.done():
            return str(error)
        code = self.exited.result()
        if code >= 0:
            return f"it ended with exit code {code}"
        reason = ", perhaps because the system ran out of memory" if code == -signal.SIGKILL else ""
        return f"it was killed by {signal.Signals(-code).name}{reason}"


def result_of(reply: Frame, *, name: str) -> bytes:
    """Returns a reply's result. Raises TaskFailed, with the child's traceback as a note if the exception was a bug."""
    header = reply.header
    if "kind" not in header:
        return reply.payload
    data = header.get("data")
    failure = TaskFailed(str(header["kind"]), str(header.get("message")), data if isinstance(data, dict) else None)
    if header.get("traceback"):
        failure.add_note(f"In the parser process, {name}:\n{header['traceback']}")
    raise failure


class Child(Protocol):
    """What is needed of a child process beside its pid."""

    pid: int

    def kill(self) -> None: ...

    def wait(self) -> int: ...


def _start(settings: ProcessSettings) -> tuple[socket.socket, SharedBuffer, Child]:
    """Starts a child, and returns the parent's ends of its socket and buffer. Raises NoParserProcess."""
    with ExitStack() as ours, ExitStack() as theirs:
        try:
            our_socket, their_socket = socket.socketpair()
            ours.enter_context(our_socket)
            theirs.enter_context(their_socket)
            our_buffer, their_buffer = SharedBuffer.create()
            ours.callback(our_buffer.close)
            theirs.callback(os.close, their_buffer)
            process = start_child(settings, their_socket.fileno(), their_buffer)
        except (OSError, subprocess.SubprocessError) as error:
            reason = getattr(error, "strerror", None) or error
            raise NoParserProcess(f"a parser process could not be started: {reason}") from error
        our_socket.setblocking(False)
        ours.pop_all()
    return our_socket, our_buffer, process


def start_child(settings: ProcessSettings, socket_descriptor: int, buffer_descriptor: int) -> Child:
    """Starts an interpreter on `watcher.parsing.child`; it inherits both descriptors, and leads its own session."""
    told = arguments(settings, socket_descriptor, buffer_descriptor)
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", "watcher.parsing.child", *told],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=environment(os.environ),
        pass_fds=(socket_descriptor, buffer_descriptor),
        start_new_session=True,
    )


def arguments(settings: ProcessSettings, socket_descriptor: int, buffer_descriptor: int) -> list[str]:
    """Returns the arguments of `watcher.parsing.child`."""
    numbers = (socket_descriptor, buffer_descriptor, os.getpid(), settings.memory_limit, settings.largest_reply)
    return [settings.tasks, *map(str, numbers)]


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Returns few variables, and the module path of this process (`-P` keeps the working folder out of the child's)."""
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    return {name: ours[name] for name in _INHERITED_VARIABLES if name in ours} | {"PYTHONPATH": path}
