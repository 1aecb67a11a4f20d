"""A pool of real processes for each test, gone with everything it held when the test ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import psutil
import pytest

from tests.workers.waiting import children
from watcher.workers import WorkerPool

MakePool = Callable[..., WorkerPool]


@pytest.fixture
async def make_pool() -> AsyncIterator[MakePool]:
    """Makes pools, closes them, and holds them to leaving no process and no descriptor behind."""
    pools: list[WorkerPool] = []
    before, descriptors = children(), psutil.Process().num_fds()

    def make(size: int = 1, tasks: str = "tests.workers.tasks", **limits: Any) -> WorkerPool:
        pools.append(WorkerPool(size, tasks, **limits))
        return pools[-1]

    yield make
    for pool in pools:
        await pool.aclose()
    assert children() == before
    assert psutil.Process().num_fds() == descriptors


@pytest.fixture
def pool(make_pool: MakePool) -> WorkerPool:
    """A pool of one process, so that the next task meets what the last one left."""
    return make_pool()
