"""Who may work on the corpus: several that archive together, or one alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class ReadWriteLock:
    """Keeps apart work that may be done together and work that must be done alone. `writing`: one file at a time."""

    def __init__(self) -> None:
        self.writing = asyncio.Lock()
        self._entrance = asyncio.Lock()
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Beside others that do the same; waits for one that is alone, or wants to be."""
        async with self._entrance:
            self._inside += 1
            self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """With nobody beside; waits for those that are at it."""
        async with self._entrance:
            await self._empty.wait()
            yield
