"""Python's search for reference cycles, kept away from what is made to stay: it would look at all of it, many times."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
