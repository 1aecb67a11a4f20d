"""Waiting for a condition, with a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import psutil

from tests.patience import HANGS


async def until(condition: Callable[[], bool], *, seconds: float = HANGS) -> None:
    """Runs the event loop until the condition holds; fails after that many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.005)


def is_gone(pid: int) -> bool:
    """Returns whether the process has ended and was reaped."""
    return not psutil.pid_exists(pid)


def children() -> set[int]:
    """Returns the child processes of this one, zombies included."""
    return {child.pid for child in psutil.Process().children()}
