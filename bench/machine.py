"""Where a figure was taken: what every table says of the machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> str:
    """The cores that this process may use and the name of their processor: `2 cores (…)`."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(os.sched_getaffinity(0))} cores ({models[0] if models else platform.machine()})"


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
