"""The main loop of a parser process: `python -m watcher.parsing.child TASKS SOCKET BUFFER PARENT MEMORY REPLY`.

    load the tasks module ──▶ reply `{}`: ready ──▶ receive a request ──▶ run it under limits ──▶ reply ─┐
                                                         ▲                                               │
                                                         └───────────────────────────────────────────────┘

A request is `{"task", "arguments", "seconds"}` with a payload, or `{"generation"}` with a configuration as payload.
A reply is one of

    {"recycle"}                                 with the result; if true, the process takes no further task
    {"kind", "message", "data", "traceback"}    the exception that the task raised
    {"out_of_memory"}                           the last reply
    {"not_started"}                             to a task that came after `recycle`

What a task does is not known here. The tasks module has `TASKS`, and perhaps `preload()` and `configure(generation,
configuration)`.
"""

from __future__ import annotations

import json
import socket
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

from watcher import heap
from watcher.errors import WatcherError
from watcher.parsing import limits
from watcher.parsing.frames import Frame, FrameError, receive, send
from watcher.parsing.shared_buffer import SharedBuffer

_LONGEST_MESSAGE = 2_000  # characters: an exception may quote untrusted bytes of any length
_LONGEST_TRACEBACK = 8_000
_LARGEST_DATA = 65_536  # bytes
_KEPT_GROWTH = 8 * 2**20  # bytes that a process may grow before it returns its free pages: each time costs 2 ms
# If the system had to zero the freed memory again for each page, a page would take a sixth longer; if the process kept
# all of it, it would grow by 15 MB.
_KEPT_FREE = 4 * 2**20
_LARGE_BLOCK = 2**20


def main(arguments: list[str]) -> None:
    """Serves until the parent closes its end or dies, or memory runs out."""
    tasks, socket_descriptor, buffer_descriptor, parent, memory, largest_reply = arguments
    limits.die_with_parent(int(parent))
    limits.ignore_signals()
    heap.limit_free_memory(kept=_KEPT_FREE, large=_LARGE_BLOCK)
    with socket.socket(fileno=int(socket_descriptor)) as end:
        try:
            runner = TaskRunner(tasks, memory=int(memory), largest_reply=int(largest_reply))
            _serve(end, SharedBuffer.open(int(buffer_descriptor)), runner)
        except (FrameError, OSError):
            return


def _serve(end: socket.socket, buffer: SharedBuffer, runner: TaskRunner) -> None:
    reply = _reply_of(runner.load)
    send(end, reply)
    while not reply.header.get("out_of_memory"):
        reply = _reply_of(lambda: runner.run(receive(end, buffer)))
        send(end, reply)
    while end.recv(65_536):  # if the socket were closed while the parent still sends, the reply would be lost
        continue


def _reply_of(work: Callable[[], Frame]) -> Frame:
    """Does a piece of work and returns its reply, or one that describes its exception."""
    try:
        return work()
    except FrameError:  # the parent is gone
        raise
    except BaseException as error:
        if _is_out_of_memory(error):
            limits.lift_memory_limit()
            return Frame({"out_of_memory": True})
        return Frame(_describe(error))


class TaskRunner:
    """Loads the tasks module and runs its tasks, under limits."""

    def __init__(self, tasks: str, *, memory: int, largest_reply: int) -> None:
        self._module_name = tasks
        self._memory = memory
        self._largest_reply = largest_reply
        self._module: Any = None
        self._recycle_above = 0
        self._must_recycle = False
        self._trim_above = 0

    def load(self) -> Frame:
        """Imports the tasks module, which may open files, and then limits files and memory."""
        with heap.importing():
            self._module = import_module(self._module_name)
            if preload := getattr(self._module, "preload", None):
                preload()
        limits.limit_files()
        self._limit_memory()
        return Frame({})

    def run(self, request: Frame) -> Frame:
        """Runs a task, or sets the configuration. Raises any exception of the task."""
        if "generation" in request.header:
            return self._configure(request)
        if self._must_recycle:
            return Frame({"not_started": True})
        limits.limit_cpu(timedelta(seconds=request.header["seconds"]))
        result = self._module.TASKS[request.header["task"]](request.header["arguments"], request.payload)
        self._return_free_memory()
        if len(result) > self._largest_reply:
            raise ReplyTooLarge(f"the result has {len(result)} bytes, more than {self._largest_reply}")
        self._must_recycle = limits.memory_in_use().mapped > self._recycle_above
        return Frame({"recycle": self._must_recycle}, result)

    def _configure(self, request: Frame) -> Frame:
        if configure := getattr(self._module, "configure", None):
            limits.lift_memory_limit()
            configure(request.header["generation"], request.payload)
            self._limit_memory()
        return Frame({})

    def _return_free_memory(self) -> None:
        """Returns free pages to the system if the process has grown: it may have grown for good, too."""
        if limits.memory_in_use().resident > self._trim_above:
            heap.trim_free_memory()
            self._trim_above = limits.memory_in_use().resident + _KEPT_GROWTH

    def _limit_memory(self) -> None:
        """Limits growth from the present size. A process that keeps half of it is recycled: the next task needs it."""
        self._recycle_above = limits.memory_in_use().mapped + self._memory // 2
        limits.limit_memory(self._memory)


class ReplyTooLarge(Exception):
    """The result of a task has more bytes than the parent accepts."""


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Returns whether it is a MemoryError, or was raised while one was handled."""
    for _ in range(16):
        if error is None or isinstance(error, MemoryError):
            break
        error = error.__cause__ or error.__context__
    return isinstance(error, MemoryError)


def _describe(error: BaseException) -> dict[str, Any]:
    """Returns the header from which the parent makes a TaskFailed. A WatcherError is not a bug: it has no traceback."""
    trace = [] if isinstance(error, WatcherError) else traceback.format_exception(error)
    return {
        "kind": type(error).__name__,
        "message": str(error)[:_LONGEST_MESSAGE],
        "data": _public_data(error),
        "traceback": "".join(line[:_LONGEST_MESSAGE] for line in trace)[-_LONGEST_TRACEBACK:],
    }


def _public_data(error: BaseException) -> dict[str, Any]:
    """Returns the exception's public attributes that JSON can carry, up to _LARGEST_DATA bytes."""
    bytes_left, data = _LARGEST_DATA, {}
    for name, value in getattr(error, "__dict__", {}).items():
        try:
            size = len(json.dumps(value))
        except (TypeError, ValueError, RecursionError):
            continue
        if not name.startswith("_") and size <= bytes_left:
            bytes_left -= size
            data[name] = value
    return data


if __name__ == "__main__":
    main(sys.argv[1:])
