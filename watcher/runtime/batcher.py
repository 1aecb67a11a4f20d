"""Commits small results together: one transaction for many costs as much as ten transactions of one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

from watcher.store.fencing import Hold, current_hold

T = TypeVar("T")
R = TypeVar("R")

PAUSE = timedelta(milliseconds=25)


class Batcher(Generic[T, R]):
    """Collects values for `PAUSE`, then calls `act` with all of them; each caller gets its result or its error.

    A caller that is cancelled takes nothing back. Callers that work under different holds have different batches.
    """

    def __init__(self, act: Callable[[Sequence[T]], Awaitable[R]]) -> None:
        self._act = act
        self._batches: dict[Hold | None, list[T]] = {}
        self._acting: dict[Hold | None, asyncio.Task[R]] = {}

    async def do(self, value: T) -> R:
        """Adds a value to the next batch. Returns or raises what `act` does with that batch."""
        hold = current_hold.get()
        self._batches.setdefault(hold, []).append(value)
        acting = self._acting.get(hold)
        if acting is None:
            acting = self._acting[hold] = asyncio.create_task(self._act_after_pause(hold))
            acting.add_done_callback(_mark_retrieved)
        return await asyncio.shield(acting)

    async def _act_after_pause(self, hold: Hold | None) -> R:
        await asyncio.sleep(PAUSE.total_seconds())
        del self._acting[hold]
        return await self._act(self._batches.pop(hold))


def _mark_retrieved(acting: asyncio.Task[R]) -> None:
    """Keeps asyncio from reporting an error whose callers have all been cancelled."""
    if not acting.cancelled():
        acting.exception()
