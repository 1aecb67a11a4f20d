"""What runs in a worker process: `python -m watcher.parsing.child TASKS SOCKET TRAY PARENT MEMORY REPLY`.

First it loads the tasks module and says so; then it answers one frame at a time: `{"task", "arguments", "seconds"}`
with a payload, or `{"generation"}` with a configuration. An answer is `{"worn"}` with the result, or `{"kind",
"message", "data", "traceback"}`, or `{"out_of_memory"}` and the end; one that is worn answers `{"undone"}` from then
on. Never here: what a task does. The tasks module brings `TASKS` and, if it likes, `preload()` and
`configure(generation, configuration)`.
"""

from __future__ import annotations

import gc
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

LONGEST_MESSAGE = 2_000
"""Characters of the longest message that is passed on: strangers' bytes may stand in it."""

_LONGEST_TRACEBACK = 8_000
_LARGEST_DATA = 65_536
_TASKS_BETWEEN_CLEARINGS = 20
# Bytes of freed memory: to have it zeroed by the system for each page again takes a sixth of the time of one; with all
# of it kept, a worker grows by 15 MB.
_KEPT = 4 * 2**20
_LARGE = 2**20


def main(arguments: list[str]) -> None:
    """Serve until the parent closes its end or dies, or memory runs out."""
    tasks, descriptor, tray, parent, memory, largest_reply = arguments
    limits.tie_to_parent(int(parent))
    limits.ignore_signals()
    heap.bound_free_memory(kept=_KEPT, large=_LARGE)
    with socket.socket(fileno=int(descriptor)) as end:
        try:
            work = Work(tasks, memory=int(memory), largest_reply=int(largest_reply))
            _serve(end, SharedBuffer.open(int(tray)), work)
        except (FrameError, OSError):
            return


def _serve(end: socket.socket, tray: SharedBuffer, work: Work) -> None:
    answer = _attempt(work.load)
    send(end, answer)
    while not answer.header.get("out_of_memory"):
        answer = _attempt(lambda: work.do(receive(end, tray)))
        send(end, answer)
    while end.recv(65_536):  # a socket that is closed while the parent is still sending would take the answer with it
        continue


def _attempt(work: Callable[[], Frame]) -> Frame:
    """The answer to a piece of work, however it ends: this is the boundary that no exception passes."""
    try:
        return work()
    except FrameError:  # the parent is gone
        raise
    except BaseException as error:
        if _is_out_of_memory(error):
            limits.lift_memory_limit()
            return Frame({"out_of_memory": True})
        return Frame(_describe(error))


class Work:
    """The tasks of a module, under limits."""

    def __init__(self, tasks: str, *, memory: int, largest_reply: int) -> None:
        self._module_name = tasks
        self._memory = memory
        self._largest_reply = largest_reply
        self._module: Any = None
        self._worn_at = 0
        self._worn = False
        self._tasks_done = 0

    def load(self) -> Frame:
        """Import the tasks module, then close the door."""
        self._module = import_module(self._module_name)
        if preload := getattr(self._module, "preload", None):
            preload()
        gc.freeze()  # what was loaded stays: no collection need look at it again
        limits.limit_files()
        self._limit_memory()
        return Frame({})

    def do(self, request: Frame) -> Frame:
        """A task's result, or nothing for a configuration."""
        if "generation" in request.header:
            return self._configure(request)
        if self._worn:
            return Frame({"undone": True})
        limits.limit_cpu(timedelta(seconds=request.header["seconds"]))
        result = self._module.TASKS[request.header["task"]](request.header["arguments"], request.payload)
        self._tasks_done += 1
        if self._tasks_done % _TASKS_BETWEEN_CLEARINGS == 0:
            limits.give_back_memory()
        if len(result) > self._largest_reply:
            raise ReplyTooLarge(f"its result has {len(result)} bytes, more than {self._largest_reply}")
        self._worn = limits.address_space() > self._worn_at
        return Frame({"worn": self._worn}, result)

    def _configure(self, request: Frame) -> Frame:
        if configure := getattr(self._module, "configure", None):
            limits.lift_memory_limit()
            configure(request.header["generation"], request.payload)
            self._limit_memory()
        return Frame({})

    def _limit_memory(self) -> None:
        """Count from here. A worker that keeps half of what it may take is worn: the next task would lack it."""
        self._worn_at = limits.address_space() + self._memory // 2
        limits.limit_memory(self._memory)


class ReplyTooLarge(Exception):
    """A task gave more bytes than the pool takes."""


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Is it a MemoryError, or was it raised while one was handled?"""
    for _ in range(16):
        if error is None or isinstance(error, MemoryError):
            break
        error = error.__cause__ or error.__context__
    return isinstance(error, MemoryError)


def _describe(error: BaseException) -> dict[str, Any]:
    """What the parent needs for its `TaskFailed`. A traceback is for bugs; a WatcherError explains itself."""
    trace = [] if isinstance(error, WatcherError) else traceback.format_exception(error)
    return {
        "kind": type(error).__name__,
        "message": str(error)[:LONGEST_MESSAGE],
        "data": _public_data(error),
        "traceback": "".join(line[:LONGEST_MESSAGE] for line in trace)[-_LONGEST_TRACEBACK:],
    }


def _public_data(error: BaseException) -> dict[str, Any]:
    """The exception's public attributes that JSON can carry, as far as there is room."""
    room, data = _LARGEST_DATA, {}
    for name, value in getattr(error, "__dict__", {}).items():
        try:
            size = len(json.dumps(value))
        except (TypeError, ValueError, RecursionError):
            continue
        if not name.startswith("_") and size <= room:
            room -= size
            data[name] = value
    return data


if __name__ == "__main__":
    main(sys.argv[1:])
