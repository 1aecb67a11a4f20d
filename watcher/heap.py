"""The memory of a process: what Python need not look through for cycles, and how much that is free it keeps."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


@contextmanager
def collecting_later() -> Iterator[None]:
    """While much is made that stays: half of the time for a list of 100,000 feeds or watches."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def keep() -> None:
    """What is there now stays: no search need look at it again, which takes 50 to 100 ms, and all else waits for it."""
    gc.freeze()


def bound_free_memory(*, kept: int, large: int) -> None:
    """Let at most `kept` bytes of freed memory stay here, and none of a piece of `large` bytes or more.

    Left to itself, the C library keeps more the larger the pieces are that it has seen.
    """
    with suppress(AttributeError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, large)
        libc.mallopt(_M_TRIM_THRESHOLD, kept)
