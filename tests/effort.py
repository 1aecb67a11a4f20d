"""How much work something is, counted so that the count is the same on every machine, however busy it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def lines_run(work: Callable[[], object]) -> int:
    """Counts the lines of Python that run in every function that is called; C code counts as the line that calls it."""
    lines = 0

    def trace(_frame: FrameType, what: str, _argument: Any) -> Any:
        nonlocal lines
        lines += what == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return lines
