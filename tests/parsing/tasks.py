"""Tasks as a hostile world would have them: they hang, hoard, crash, raise, and sometimes do what they are told."""

from __future__ import annotations

import builtins
import ctypes
import json
import os
import re
import resource
import signal
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
    """Keeps what it is given, unless it is told to fail or needs a lot for it."""
    global _generation
    if configuration == b"fail":
        raise ValueError("unusable configuration")
    if configuration == b"large":
        _hoard.append(bytes(600 * 2**20))
    _generation = (generation, configuration.decode())


def echo(arguments: dict[str, Any], payload: bytes) -> bytes:
    """What it was given."""
    return json.dumps({"arguments": arguments, "payload": payload.decode()}).encode()


def reverse(_: dict[str, Any], payload: bytes) -> bytes:
    """The payload backwards."""
    return payload[::-1]


def state(_: dict[str, Any], __: bytes) -> bytes:
    """What this process knows about itself."""
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
    """Take a moment, in which others can be asked for."""
    time.sleep(0.2)
    return b"rested"


def hang(_: dict[str, Any], __: bytes) -> bytes:
    """Hold the GIL for ages, as a bad regular expression does."""
    return str(re.match("(a|aa)+$", "a" * 60 + "b")).encode()


def hold_the_gil(_: dict[str, Any], __: bytes) -> bytes:
    """Sleep in C without letting go of the GIL."""
    ctypes.PyDLL(None).sleep(600)
    return b""


def hoard(arguments: dict[str, Any], _: bytes) -> bytes:
    """Take memory, and keep it."""
    _hoard.append(bytes(arguments["megabytes"] * 2**20))
    return b"kept"


def hoard_and_cover_up(_: dict[str, Any], __: bytes) -> bytes:
    """Run out of memory and call it something else."""
    try:
        while True:
            _hoard.append(bytes(2**24))
    except MemoryError as error:
        raise ValueError("that page was strange") from error


def abort(_: dict[str, Any], __: bytes) -> bytes:
    """Crash as C libraries do."""
    os.abort()


def leave(_: dict[str, Any], __: bytes) -> bytes:
    """End the process behind Python's back."""
    os._exit(3)


def close_all(_: dict[str, Any], __: bytes) -> bytes:
    """Close every descriptor, the socket too, and live on."""
    os.closerange(0, 64)
    signal.pause()
    return b""


def babble(_: dict[str, Any], __: bytes) -> bytes:
    """Write over the socket what is no frame, or one of four gigabytes."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff" * 64)
        except OSError:
            continue
    signal.pause()
    return b""


def fail(arguments: dict[str, Any], _: bytes) -> bytes:
    """Raise what it is told."""
    error: type[BaseException] = getattr(builtins, arguments["kind"])
    raise error(arguments["message"])


def refuse(_: dict[str, Any], __: bytes) -> bytes:
    """Raise one of watcher's own errors, with data that JSON can carry and data that it cannot."""
    error = NotAFeed("a web page", advertised=("https://zeitung.example/feed",))
    error.__dict__ |= {"_private": 1, "odd": {1, 2}, "large": "x" * 100_000}
    raise error


def overflow(_: dict[str, Any], __: bytes) -> bytes:
    """Recurse without end."""
    return b"" + overflow(_, __)


def talk(arguments: dict[str, Any], _: bytes) -> bytes:
    """A result of the size asked for."""
    return b"x" * int(arguments["size"])


def write_file(_: dict[str, Any], __: bytes) -> bytes:
    """Try to write a file."""
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(b"x")
    return b"written"


def signal_self(_: dict[str, Any], __: bytes) -> bytes:
    """Survive what a service manager sends to the whole group."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(os.getpid(), number)
    return b"alive"


def spawn(_: dict[str, Any], __: bytes) -> bytes:
    """Start a process that outlives its purpose, tell its pid through a file descriptor, and hang."""
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    return str(child.pid).encode()


TASKS: Mapping[str, Callable[[dict[str, Any], bytes], bytes]] = {
    task.__name__: task
    for task in (
        echo,
        reverse,
        state,
        nap,
        hang,
        hold_the_gil,
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
