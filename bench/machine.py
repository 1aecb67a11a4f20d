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
