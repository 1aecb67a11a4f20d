"""A read-write lock for asyncio: many holders that share, or one that excludes all others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class ReadWriteLock:
    """Shared by any number of holders, or held by one alone. Waiting for exclusion keeps new sharers out."""

    def __init__(self) -> None:
        self._entrance = asyncio.Lock()
        self._holders = 0
        self._unshared = asyncio.Event()
        self._unshared.set()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Holds the lock beside other sharers; waits for an exclusive holder, or for one that waits to be."""
        async with self._entrance:
            self._holders += 1
            self._unshared.clear()
        try:
            yield
        finally:
            self._holders -= 1
            if not self._holders:
                self._unshared.set()

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Holds the lock alone; waits until all sharers have left."""
        async with self._entrance:
            await self._unshared.wait()
            yield
