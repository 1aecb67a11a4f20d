"""One set of worker processes for all tests of the pipeline, which share one event loop for that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.newsroom import Newsroom
from tests.pipeline.rig import Rig, rigged
from watcher.parsing import ParserPool


@pytest.fixture
def news() -> Iterator[Newsroom]:
    with Newsroom() as newsroom:
        yield newsroom


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def pool() -> AsyncIterator[ParserPool]:
    pool = ParserPool(2, "tests.pipeline.slow_tasks")
    yield pool
    await pool.aclose()


@pytest_asyncio.fixture(loop_scope="session", params=["sqlite", "postgresql"])
async def make_rig(
    news: Newsroom, pool: ParserPool, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Callable[..., Any]]:
    """Makes an installation that watches the feeds at these paths of the newsroom; taken down at the end."""
    async with AsyncExitStack() as stack:

        async def make(feeds: Mapping[str, str], *, channels: str = "", watch: str = "", seen: bool = False) -> Rig:
            urls = {name: news.url(path) for name, path in feeds.items()}
            location = None if request.param == "sqlite" else request.getfixturevalue("postgresql").fresh()
            rig = rigged(news, pool, tmp_path, urls, channels=channels, watch=watch, seen=seen, location=location)
            return await stack.enter_async_context(rig)

        yield make
