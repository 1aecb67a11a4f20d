"""One worker process as its parent sees it: started, asked, killed, reaped. No queue, no policy.

Start it from a thread that lives as long as the pool does, such as the event loop's: the kernel ties a child to the
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

from watcher.errors import ParserDied, ParserTimeout, TaskFailed
from watcher.parsing.frames import Frame, FrameError, pack
from watcher.parsing.request_queue import NotStarted, RequestQueue
from watcher.parsing.shared_buffer import PLACES, ROOM, SharedBuffer

# What the interpreter and its libraries need; secrets that the daemon got by its environment stay with it.
_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "TZ", "TZDIR", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH")
_MOMENT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a worker is started: the dotted name of its tasks module, bytes it may grow and answer, time to get ready."""

    tasks: str
    memory_limit: int
    largest_reply: int
    start_timeout: timedelta


class ParserProcess:
    """A child process with our end of its socket. Whoever keeps it calls `close`; that reaps it, too."""

    def __init__(self, launch: Launch, *, changed: Callable[[ParserProcess], None]) -> None:
        """Start the process; it is to be used after `ready`. Raises ParserDied if the system has none to give.

        `changed` is called whenever it answered, or will answer no more. `hands`: how many hold it.
        """
        self._launch = launch
        self._socket, self._tray, self._process = _spawn(launch)
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.tasks_done = 0
        self.hands = 0
        self.configuration: tuple[int, bytes] | None = None
        self.retired = False
        self._ready = False
        self._asked = 0
        self._watch_exit()
        self._line = RequestQueue(self._socket, largest=launch.largest_reply, changed=lambda: changed(self))
        self._greeting = self._line.expect(launch.start_timeout.total_seconds())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return not self.exited.done() and not self._line.broken

    @property
    def idle(self) -> bool:
        """Whether nobody holds it, and nothing is at work in it."""
        return not self.hands and not len(self._line)

    @property
    def at_work_since(self) -> float:
        """When it began with what it is at work on; seconds of the loop's clock."""
        return self._line.at_work_since

    def has_room_behind(self, briefly: float) -> bool:
        """Whether it could have one more request at hand: what is at work has been for less than `briefly` seconds."""
        if not self._ready or self.retired or not self.alive or self.hands > 1 or len(self._line) > 1:
            return False
        return not len(self._line) or asyncio.get_running_loop().time() - self._line.at_work_since < briefly

    async def ready(self) -> None:
        """Wait until the tasks module is loaded, the first time. Raises ParserDied."""
        if self._ready:
            return
        try:
            answer = await self._line.answer(self._greeting)
        except TimeoutError as error:
            raise ParserDied(f"a worker was not ready after {self._launch.start_timeout}") from error
        except NotStarted as error:
            raise ParserDied("a worker was stopped with its pool before it was ready") from error
        except (FrameError, OSError) as error:
            raise ParserDied(f"a worker did not start: {await self._obituary(error)}") from error
        if kind := answer.header.get("kind"):
            message = answer.header.get("message")
            raise ParserDied(f"a worker could not load {self._launch.tasks}: {kind}: {message}")
        self._ready = True

    async def ask(self, header: bytes, payload: bytes, patience: timedelta, *, what: str) -> Frame:
        """The answer to one request, of which two may be on their way. After ParserTimeout and ParserDied the process
        is of no more use; after NotStarted another may be asked."""
        try:
            answer = await self._line.ask(self._lightened(header, payload), patience.total_seconds())
        except TimeoutError as error:
            raise ParserTimeout(f"{what} took longer than {patience.total_seconds():g} s and was stopped") from error
        except (FrameError, OSError) as error:
            raise ParserDied(f"{what} ended its worker: {await self._obituary(error)}") from error
        if answer.header.get("out_of_memory"):
            limit = self._launch.memory_limit // 2**20
            raise ParserDied(f"{what} needed more than {limit} MB of memory and was stopped")
        return answer

    def _lightened(self, header: bytes, payload: bytes) -> tuple[bytes, ...]:
        """What is sent, with the payload laid on the tray if there is room for it: in turn, for two may be there."""
        if not payload or len(payload) > ROOM:
            return pack(header, payload)
        self._asked += 1
        place = 1 + self._asked % PLACES
        self._tray.lay(place, payload)
        return pack(header, payload, place=place)

    def kill(self) -> None:
        """End it, whatever it is doing, with all it may have started; who asked it may ask another."""
        self._line.break_off(NotStarted())
        if not self.exited.done():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """End it and give up its socket. Nobody may be asking it."""
        self.kill()
        self._socket.close()
        self._tray.close()

    def _watch_exit(self) -> None:
        try:
            pidfd = os.pidfd_open(self.pid)
        except OSError as error:
            self._process.kill()
            self._process.wait()
            self._socket.close()
            self._tray.close()
            raise ParserDied(f"a worker process could not be watched: {error.strerror}") from error
        asyncio.get_running_loop().add_reader(pidfd, self._reap, pidfd)

    def _reap(self, pidfd: int) -> None:
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)
        code = self._process.wait()
        if not self.exited.done():
            self.exited.set_result(code)

    async def _obituary(self, error: Exception) -> str:
        """Why it does not answer: by its exit, if that comes within a moment, else by what it did to the socket."""
        await asyncio.wait({self.exited}, timeout=_MOMENT)
        if not self.exited.done():
            return str(error)
        code = self.exited.result()
        if code >= 0:
            return f"it ended with exit code {code}"
        reason = ", perhaps because the system ran out of memory" if code == -signal.SIGKILL else ""
        return f"it was killed by {signal.Signals(-code).name}{reason}"


def result_of(answer: Frame, *, what: str) -> bytes:
    """The result that an answer brings. Raises TaskFailed, with the worker's traceback as a note if it was a bug."""
    if "kind" not in answer.header:
        return answer.payload
    header = answer.header
    data = header.get("data")
    failure = TaskFailed(str(header["kind"]), str(header.get("message")), data if isinstance(data, dict) else None)
    if header.get("traceback"):
        failure.add_note(f"In the worker, {what}:\n{header['traceback']}")
    raise failure


def _spawn(launch: Launch) -> tuple[socket.socket, SharedBuffer, subprocess.Popen[bytes]]:
    with ExitStack() as ours, ExitStack() as theirs:
        try:
            socket_here, socket_there = socket.socketpair()
            ours.enter_context(socket_here)
            theirs.enter_context(socket_there)
            tray, tray_there = SharedBuffer.make()
            ours.callback(tray.close)
            theirs.callback(os.close, tray_there)
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                _command(launch, socket_there.fileno(), tray_there),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=_environment(os.environ),
                pass_fds=(socket_there.fileno(), tray_there),
                start_new_session=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ParserDied(f"a worker process could not be started: {reason}") from error
        socket_here.setblocking(False)
        ours.pop_all()
    return socket_here, tray, process


def _command(launch: Launch, descriptor: int, tray: int) -> list[str]:
    numbers = (descriptor, tray, os.getpid(), launch.memory_limit, launch.largest_reply)
    return [sys.executable, "-P", "-m", "watcher.parsing.child", launch.tasks, *map(str, numbers)]


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Few variables, and the same modules as here (`-P` keeps the working folder out of the child's path)."""
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    return {name: ours[name] for name in _ENVIRONMENT if name in ours} | {"PYTHONPATH": path}
