"""A pool of real processes for each test, closed at its end."""

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
    """Makes pools, closes them, and checks that they leave no process and no descriptor behind."""
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
    """A pool of one process, so that tasks one after the other run in the same one."""
    return make_pool()
