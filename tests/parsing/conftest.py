"""A pool of real processes for each test, gone with everything it held when the test ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import psutil
import pytest

from tests.parsing.waiting import children
from watcher.parsing import ParserPool

MakePool = Callable[..., ParserPool]


@pytest.fixture
async def make_pool() -> AsyncIterator[MakePool]:
    """Makes pools, closes them, and holds them to leaving no process and no descriptor behind."""
    pools: list[ParserPool] = []
    before, descriptors = children(), psutil.Process().num_fds()

    def make(size: int = 1, tasks: str = "tests.parsing.tasks", **limits: Any) -> ParserPool:
        pools.append(ParserPool(size, tasks, **limits))
        return pools[-1]

    yield make
    for pool in pools:
        await pool.aclose()
    assert children() == before
    assert psutil.Process().num_fds() == descriptors


@pytest.fixture
def pool(make_pool: MakePool) -> ParserPool:
    """A pool of one process, so that the next task meets what the last one left."""
    return make_pool()
