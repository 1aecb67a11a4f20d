"""Waiting for a condition, with a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import psutil

from tests.patience import HANGS


async def until(condition: Callable[[], bool], *, seconds: float = HANGS) -> None:
    """Let the loop run until the condition holds; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.005)


def is_gone(pid: int) -> bool:
    """Is the process ended and reaped?"""
    return not psutil.pid_exists(pid)


def children() -> set[int]:
    """The child processes of this one, zombies included."""
    return {child.pid for child in psutil.Process().children()}
