"""Where a figure was taken: what every table says of the machine."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def machine() -> str:
    """The cores that this process may use and the name of their processor: `2 cores (…)`."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(os.sched_getaffinity(0))} cores ({models[0] if models else platform.machine()})"


def commit() -> str:
    """The short name of the commit that is measured, "" without a repository; with a `+` if its code was changed."""
    named = _git("rev-parse", "--short=7", "HEAD")
    return named and named + ("+" if _git("status", "--porcelain", "--", "watcher", "bench/*.py") else "")


def processor_seconds(command: list[str]) -> float:
    """Runs a command, and returns the processor time of it and of all its children. Raises RuntimeError if it fails.

    Byte code is kept, as on any user's machine.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[:3]} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


class OtherPrograms:
    """The share of the processors' time that others took from now on: neither idle, nor of ended children of ours."""

    def __init__(self) -> None:
        self._total, self._busy = _processor_time()
        self._own = sum(os.times()[:4])

    def share(self) -> float:
        """Returns the share, from 0 to 1, since the making of this object."""
        total, busy = _processor_time()
        own = sum(os.times()[:4]) - self._own
        taken = (busy - self._busy - own) / max(total - self._total, 0.01)
        return min(max(taken, 0.0), 1.0)


def _processor_time() -> tuple[float, float]:
    """Seconds of all processors since the start of the machine: in all, and those in which they were not idle."""
    first = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
    user, nice, system, idle, waiting, *others = (int(ticks) / os.sysconf("SC_CLK_TCK") for ticks in first.split()[1:9])
    busy = user + nice + system + sum(others)
    return busy + idle + waiting, busy


def _git(*command: str) -> str:
    try:
        ended = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return "" if ended.returncode else ended.stdout.strip()


def highest_resident(pid: int) -> list[int]:
    """The highest resident size so far, in bytes, of a process and of each child that it has now; 0 where it is gone.

    Read without a search through all processes, which would take a tenth of a core if done often.
    """
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    except OSError:
        children = []
    return [_highest_resident(each) for each in (str(pid), *children)]


def _highest_resident(pid: str) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0)
