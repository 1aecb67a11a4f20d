"""Who may work on the corpus: several that archive together, or one alone."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from watcher.runtime.rwlock import ReadWriteLock

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Visit:
    """Somebody who enters, is inside until asked to leave, and says so."""

    def __init__(self, turn: AbstractAsyncContextManager[None]) -> None:
        self.inside = False
        self._leave = asyncio.Event()
        self._task = asyncio.create_task(self._visit(turn))

    async def _visit(self, turn: AbstractAsyncContextManager[None]) -> None:
        async with turn:
            self.inside = True
            await self._leave.wait()

    async def leave(self) -> None:
        self._leave.set()
        await self._task
        await settled()

    async def cancel(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await settled()


async def settled() -> None:
    """Lets every task go on as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_several_are_together_and_one_is_alone() -> None:
    """A writer waits for those inside; those who come later wait for the writer."""
    turns = ReadWriteLock()
    first, second = Visit(turns.shared()), Visit(turns.shared())
    await settled()
    alone, later = Visit(turns.exclusive()), Visit(turns.shared())
    await settled()
    assert (first.inside, second.inside, alone.inside, later.inside) == (True, True, False, False)
    await first.leave()
    assert not alone.inside
    await second.leave()
    assert (alone.inside, later.inside) == (True, False)
    await alone.leave()
    assert later.inside
    await later.leave()


async def test_who_is_cancelled_is_not_waited_for() -> None:
    """Inside or still at the entrance."""
    turns = ReadWriteLock()
    inside = Visit(turns.shared())
    await settled()
    waiting = Visit(turns.exclusive())
    await settled()
    await waiting.cancel()
    beside = Visit(turns.shared())
    await settled()
    assert beside.inside
    await inside.cancel()
    await beside.cancel()
    alone = Visit(turns.exclusive())
    await settled()
    assert alone.inside
    await alone.leave()
