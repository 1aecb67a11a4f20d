"""What a worker process may take, and how it is tied to its parent. Linux only. No tasks, no sockets."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_OPEN_FILES = 64
# Killed before the daemon when the system runs out of memory (0 is the default, 1000 the first to go).
_OOM_SCORE_ADJUSTMENT = "600"


def tie_to_parent(parent: int) -> None:
    """Die by SIGKILL when the parent does, however it dies, and whatever this process is busy with.

    Raises ProcessLookupError if the parent (its pid) died before the tie was made.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:
        raise ProcessLookupError(f"the parent {parent} is gone")


def ignore_signals() -> None:
    """Leave the signals that end or reload a daemon to the daemon: a service manager sends them to the whole group."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(ignored, signal.SIG_IGN)


def limit_files() -> None:
    """No core dumps (they would hold strangers' pages), no files written, few opened; first to go if memory is out."""
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE_ADJUSTMENT, encoding="ascii")


def give_back_memory() -> None:
    """Return to the system what is free now, however small the pieces; some 0.7 ms."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def limit_memory(growth: int) -> None:
    """Let the address space grow by so many bytes from what it is now; beyond, allocations fail (MemoryError)."""
    _limit_softly(resource.RLIMIT_AS, address_space() + growth)


def lift_memory_limit() -> None:
    """Take back `limit_memory`, for work on our own data."""
    _limit_softly(resource.RLIMIT_AS, resource.RLIM_INFINITY)


def limit_cpu(time: timedelta) -> None:
    """Die by SIGXCPU after so much more processor time, should the parent be unable to look at its clock."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _limit_softly(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime + time.total_seconds()) + 2)


def address_space() -> int:
    """Bytes that this process has mapped. Asked after every task, so without Python's files, which take 20 µs."""
    descriptor = os.open("/proc/self/statm", os.O_RDONLY)
    try:
        return int(os.read(descriptor, 64).split()[0]) * resource.getpagesize()
    finally:
        os.close(descriptor)


def _limit_softly(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        most = hard if most == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, hard))
