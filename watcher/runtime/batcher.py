"""Commits small results together: one transaction for many costs as much as ten transactions of one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

from watcher.store.fencing import current_hold

T = TypeVar("T")
R = TypeVar("R")

PAUSE = timedelta(milliseconds=25)


class Batcher(Generic[T, R]):
    """Collects values for `PAUSE`, then calls `act` with all of them; each caller gets its result or its error.

    A caller that is cancelled takes nothing back. `act` is called under no hold: its values may be of several.
    """

    def __init__(self, act: Callable[[Sequence[T]], Awaitable[R]]) -> None:
        self._act = act
        self._batch: list[T] = []
        self._acting: asyncio.Task[R] | None = None

    async def do(self, value: T) -> R:
        """Adds a value to the next batch. Returns or raises what `act` does with that batch."""
        self._batch.append(value)
        if self._acting is None:
            self._acting = asyncio.create_task(self._act_after_pause())
            self._acting.add_done_callback(_mark_retrieved)
        return await asyncio.shield(self._acting)

    async def _act_after_pause(self) -> R:
        current_hold.set(None)
        await asyncio.sleep(PAUSE.total_seconds())
        batch, self._batch, self._acting = self._batch, [], None
        return await self._act(batch)


def _mark_retrieved(acting: asyncio.Task[R]) -> None:
    """Keeps asyncio from reporting an error whose callers have all been cancelled."""
    if not acting.cancelled():
        acting.exception()
