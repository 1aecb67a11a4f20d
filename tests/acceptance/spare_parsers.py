"""Parser processes that are forked before the program begins, while it has one thread, and wait for their arguments.

    prepare ─fork▶ spare ─ waits ◀─ arguments, socket, buffer ─ ParserPool: the main loop of a parser process
                     └ ends with the program, used or not

A pool that needs more than these starts them as always.
"""

from __future__ import annotations

import json
import os
import signal
import socket
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from watcher.parsing import process
from watcher.parsing.launch import TASKS
from watcher.parsing.process import Child, ProcessSettings

_STREAMS = 3
_HUNGARIAN = "Ezer hó hullott azon éjjelen, és a falu csendben aludt tovább, míg végre megjött a hajnal."
_spares: list[Spare] = []


class Spare:
    """A child that has loaded the parsers."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            _wait(theirs)
        theirs.close()
        self._socket = ours

    def begin(self, settings: ProcessSettings, socket_descriptor: int, buffer_descriptor: int) -> None:
        """Lets it serve tasks."""
        line = json.dumps([process.environment(os.environ), process.arguments(settings, -1, -1)])
        socket.send_fds(self._socket, [line.encode()], [socket_descriptor, buffer_descriptor])
        self._socket.close()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def load() -> None:
    """Loads what a parser process loads, at its start and with the first text in a language without function words."""
    import_module("watcher.parsing.child")
    import_module(TASKS).preload()
    import_module("watcher.articles.language").language_of(_HUNGARIAN)


def prepare(count: int) -> None:
    """Forks spare parser processes of this process, which its pool takes first."""
    _spares[:] = [Spare() for _ in range(count)]
    fresh = process.start_child

    def start_child(settings: ProcessSettings, socket_descriptor: int, buffer_descriptor: int) -> Child:
        if settings.tasks != TASKS or not _spares:
            return fresh(settings, socket_descriptor, buffer_descriptor)
        spare = _spares.pop()
        spare.begin(settings, socket_descriptor, buffer_descriptor)
        return spare

    process.start_child = start_child


def _wait(connection: socket.socket) -> NoReturn:
    """Waits for the arguments and serves with them, as `process.start_child` would have it; does not return."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(_STREAMS):
        os.dup2(nothing, number)
    os.closerange(_STREAMS, connection.fileno())
    os.closerange(connection.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
    line, descriptors, _, _ = socket.recv_fds(connection, 65_536, 2)
    if not line:
        os._exit(0)
    connection.close()
    environment, (tasks, _, _, *rest) = json.loads(line)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir("/")
    with suppress(BaseException):
        import_module("watcher.parsing.child").main([tasks, *map(str, descriptors), *rest])
    os._exit(0)
