"""Small things that nobody waits for are done together: a commit costs as much as ten of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

PAUSE = timedelta(milliseconds=25)


class Batcher(Generic[T, R]):
    """Collects things for a moment, then has `act` do all of them at once; what it says or raises goes to each caller.

    A caller who is cancelled takes nothing back.
    """

    def __init__(self, act: Callable[[Sequence[T]], Awaitable[R]]) -> None:
        self._act = act
        self._waiting: list[T] = []
        self._acting: asyncio.Task[R] | None = None

    async def do(self, thing: T) -> R:
        self._waiting.append(thing)
        if self._acting is None:
            self._acting = asyncio.create_task(self._soon())
            self._acting.add_done_callback(_retrieve)
        return await asyncio.shield(self._acting)

    async def _soon(self) -> R:
        await asyncio.sleep(PAUSE.total_seconds())
        things, self._waiting, self._acting = self._waiting, [], None
        return await self._act(things)


def _retrieve(acting: asyncio.Task[R]) -> None:
    """Whoever waits hears of an error; where nobody does any more, it is no news."""
    if not acting.cancelled():
        acting.exception()
