"""A tasks module for the tests of the pool: its tasks succeed, raise, hang, crash, or take memory."""

from __future__ import annotations

import builtins
import ctypes
import json
import os
import re
import resource
import select
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from watcher.errors import NotAFeed

_hoard: list[bytes] = []
_generation: tuple[int, str] = (0, "")
_preloaded = False
_calls = 0


def preload() -> None:
    """Called once, before the first task."""
    global _preloaded
    _preloaded = True


def configure(generation: int, configuration: bytes) -> None:
    """Keeps the configuration; `fail` raises, `large` takes 600 MB."""
    global _generation
    if configuration == b"fail":
        raise ValueError("unusable configuration")
    if configuration == b"large":
        _hoard.append(bytes(600 * 2**20))
    _generation = (generation, configuration.decode())


def echo(arguments: dict[str, Any], payload: bytes) -> bytes:
    """Returns its arguments and payload."""
    return json.dumps({"arguments": arguments, "payload": payload.decode()}).encode()


def reverse(_: dict[str, Any], payload: bytes) -> bytes:
    """Returns the payload backwards."""
    return payload[::-1]


def state(_: dict[str, Any], __: bytes) -> bytes:
    """Returns the state of this process."""
    global _calls
    _calls += 1
    limits = {name: resource.getrlimit(getattr(resource, name))[0] for name in ("RLIMIT_CORE", "RLIMIT_NOFILE")}
    return json.dumps(
        {
            "pid": os.getpid(),
            "session": os.getsid(0),
            "calls": _calls,
            "generation": _generation,
            "preloaded": _preloaded,
            "limits": limits,
            "environment": dict(os.environ),
            "stdin": str(Path("/proc/self/fd/0").readlink()),
            "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        }
    ).encode()


def nap(_: dict[str, Any], __: bytes) -> bytes:
    """Takes long enough for other tasks to be queued."""
    time.sleep(0.2)
    return b"rested"


def await_request(_: dict[str, Any], __: bytes) -> bytes:
    """Waits until the next request has arrived at the socket, while this one still runs."""
    sockets = [number for number in range(3, 64) if _is_socket(number)]
    arrived, _writable, _failed = select.select(sockets, [], [], 10)
    return b"arrived" if arrived else b"nothing arrived"


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False


def hang(_: dict[str, Any], __: bytes) -> bytes:
    """Holds the GIL, as a bad regular expression does."""
    return str(re.match("(a|aa)+$", "a" * 60 + "b")).encode()


def hold_the_gil(_: dict[str, Any], __: bytes) -> bytes:
    """Sleeps in C without releasing the GIL."""
    ctypes.PyDLL(None).sleep(600)
    return b""


def hoard(arguments: dict[str, Any], _: bytes) -> bytes:
    """Takes memory and keeps it."""
    _hoard.append(bytes(arguments["megabytes"] * 2**20))
    return b"kept"


def crumble(arguments: dict[str, Any], _: bytes) -> bytes:
    """Takes memory in small blocks and frees all but the last, which keeps the C library from returning any."""
    blocks = [bytes(2_000) for _ in range(arguments["megabytes"] * 500)]
    _hoard.append(blocks[-1])
    return b""


def hoard_and_cover_up(_: dict[str, Any], __: bytes) -> bytes:
    """Runs out of memory and raises another exception."""
    try:
        while True:
            _hoard.append(bytes(2**24))
    except MemoryError as error:
        raise ValueError("that page was strange") from error


def abort(_: dict[str, Any], __: bytes) -> bytes:
    """Crashes as C libraries do."""
    os.abort()


def leave(_: dict[str, Any], __: bytes) -> bytes:
    """Ends the process without Python's cleanup."""
    os._exit(3)


def close_all(_: dict[str, Any], __: bytes) -> bytes:
    """Closes every descriptor, the socket too, and lives on."""
    os.closerange(0, 64)
    signal.pause()
    return b""


def babble(_: dict[str, Any], __: bytes) -> bytes:
    """Writes a frame of eight gigabytes to the socket."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff" * 64)
        except OSError:
            continue
    signal.pause()
    return b""


def fail(arguments: dict[str, Any], _: bytes) -> bytes:
    """Raises the given exception."""
    error: type[BaseException] = getattr(builtins, arguments["kind"])
    raise error(arguments["message"])


def refuse(_: dict[str, Any], __: bytes) -> bytes:
    """Raises a WatcherError with data that JSON can carry, and data that it cannot."""
    error = NotAFeed("a web page", advertised=("https://zeitung.example/feed",))
    error.__dict__ |= {"_private": 1, "odd": {1, 2}, "large": "x" * 100_000}
    raise error


def overflow(_: dict[str, Any], __: bytes) -> bytes:
    """Recurses without end."""
    return b"" + overflow(_, __)


def talk(arguments: dict[str, Any], _: bytes) -> bytes:
    """Returns a result of the given size."""
    return b"x" * int(arguments["size"])


def write_file(_: dict[str, Any], __: bytes) -> bytes:
    """Tries to write a file."""
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(b"x")
    return b"written"


def signal_self(_: dict[str, Any], __: bytes) -> bytes:
    """Survives the signals that a service manager sends to the whole group."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(os.getpid(), number)
    return b"alive"


def spawn(_: dict[str, Any], __: bytes) -> bytes:
    """Starts a process that never ends, and returns its pid."""
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    return str(child.pid).encode()


TASKS: Mapping[str, Callable[[dict[str, Any], bytes], bytes]] = {
    task.__name__: task
    for task in (
        echo,
        reverse,
        state,
        nap,
        await_request,
        hang,
        hold_the_gil,
        crumble,
        hoard,
        hoard_and_cover_up,
        abort,
        leave,
        close_all,
        babble,
        fail,
        refuse,
        overflow,
        talk,
        write_file,
        signal_self,
        spawn,
    )
}
