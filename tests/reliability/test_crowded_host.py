"""A host that never answers, with more feeds than the daemon polls at once: the others are polled all the same."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.net.servers import Line, serving
from tests.newsroom import Newsroom
from watcher.runtime.service import POLLS_AT_ONCE

SOON = 20.0  # seconds; each silent feed takes a minute


async def test_a_silent_host_with_many_feeds_keeps_no_other_waiting(tmp_path: Path) -> None:
    """The good feed is the last of the config, and its news lands long before the first silent feed is given up."""

    async def silence(line: Line) -> None:
        await line.request()
        await asyncio.sleep(600)

    program = Program(tmp_path)
    with Newsroom() as news:
        news.feed("/gut", [article(news, matching=True)])
        async with serving(silence) as silent:
            feeds = {f"still {number}": f"{silent.origin}/{number}" for number in range(2 * POLLS_AT_ONCE)}
            program.configure(feeds=feeds | {"gut": news.url("/gut")})
            with program.run() as running:
                started = time.monotonic()
                while not program.names():
                    assert running.process.poll() is None, running.stderr
                    assert time.monotonic() - started < SOON, running.stderr[-3000:]
                    await asyncio.sleep(0.05)
