"""Things done together: once for all who came in a moment, and no caller is left out or gets another answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from watcher.runtime.batcher import Batcher


class Acts:
    """Remembers what was done at once, and answers how many it was; fails on demand."""

    def __init__(self) -> None:
        self.done: list[list[int]] = []
        self.failing = False

    async def __call__(self, things: Sequence[int]) -> int:
        self.done.append(list(things))
        if self.failing:
            raise LookupError("voll")
        return len(things)


async def test_those_of_a_moment_are_done_at_once() -> None:
    """Ten are done in one go, in their order, and what comes later in another."""
    acts = Acts()
    together = Batcher(acts)
    assert await asyncio.gather(*map(together.do, range(10))) == [10] * 10
    assert await together.do(10) == 1
    assert acts.done == [list(range(10)), [10]]


async def test_each_hears_of_a_failure_and_the_next_are_done() -> None:
    """An error is everybody's of that moment, and nobody's of the next."""
    acts = Acts()
    together = Batcher(acts)
    acts.failing = True
    told = await asyncio.gather(*map(together.do, range(3)), return_exceptions=True)
    assert [type(error) for error in told] == [LookupError] * 3
    acts.failing = False
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(together.do(3), 0.001)
    assert await together.do(4) == 2
    assert acts.done[-1] == [3, 4]
