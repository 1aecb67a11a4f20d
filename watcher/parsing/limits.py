"""The limits of a parser process on memory, processor time and files, and its tie to the parent. Linux only."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_OPEN_FILES = 64
# When the system runs out of memory, it kills parser processes before the daemon (0 is the default, 1000 the maximum).
_OOM_SCORE_ADJUSTMENT = "600"


def die_with_parent(parent: int) -> None:
    """Makes the kernel kill this process when the parent dies, however that happens and whatever runs here.

    Also prevents gaining privileges. Raises ProcessLookupError if the parent, given by its pid, is dead.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:
        raise ProcessLookupError(f"the parent {parent} is gone")


def ignore_signals() -> None:
    """Ignores the signals that end or reload a daemon: a service manager sends them to the whole group."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(ignored, signal.SIG_IGN)


def limit_files() -> None:
    """Forbids core dumps, which would hold untrusted pages, and written files; allows few open ones.

    Also makes the system kill this process first if it runs out of memory.
    """
    for resource_limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        _, hard = resource.getrlimit(resource_limit)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(resource_limit, (value, value))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE_ADJUSTMENT, encoding="ascii")


def limit_memory(growth: int) -> None:
    """Lets the address space grow by that many bytes; beyond that, allocations fail with MemoryError."""
    _set_soft_limit(resource.RLIMIT_AS, memory_in_use().mapped + growth)


def lift_memory_limit() -> None:
    """Reverses `limit_memory`, for work on trusted data."""
    _set_soft_limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)


def limit_cpu(time: timedelta) -> None:
    """Makes the kernel end this process after that much more processor time, in case the parent's timer is late."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _set_soft_limit(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime + time.total_seconds()) + 2)


class Memory(NamedTuple):
    """The bytes that a process has mapped, and those of them that are in memory."""

    mapped: int
    resident: int


def memory_in_use() -> Memory:
    """Returns the memory of this process. Called after each task: a Python file object takes 20 µs."""
    descriptor = os.open("/proc/self/statm", os.O_RDONLY)
    try:
        mapped, resident = os.read(descriptor, 64).split()[:2]
        return Memory(int(mapped) * resource.getpagesize(), int(resident) * resource.getpagesize())
    finally:
        os.close(descriptor)


def _set_soft_limit(resource_limit: int, value: int) -> None:
    _, hard = resource.getrlimit(resource_limit)
    if hard != resource.RLIM_INFINITY:
        value = hard if value == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(resource_limit, (value, hard))
