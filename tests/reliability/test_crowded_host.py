"""A host that never answers, with more feeds than the daemon polls at once: the others are polled all the same."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.net.servers import Line, serving
from tests.newsroom import Newsroom
from watcher.runtime.service import POLLS_AT_ONCE


async def test_a_silent_host_with_many_feeds_keeps_no_other_waiting(tmp_path: Path) -> None:
    """The good feed is the last of the config, and its news lands though no silent feed is ever aborted."""

    async def silence(line: Line) -> None:
        await line.request()
        await asyncio.Event().wait()

    program = Program(tmp_path)
    with Newsroom() as news:
        news.feed("/gut", [article(news, matching=True)])
        async with serving(silence) as silent:
            feeds = {f"still {number}": f"{silent.origin}/{number}" for number in range(2 * POLLS_AT_ONCE)}
            program.configure(feeds=feeds | {"gut": news.url("/gut")}, more='[net]\ntimeout = "1h"\n')
            with program.run() as running:
                while not program.names():
                    assert running.process.poll() is None, running.stderr
                    await asyncio.sleep(0.05)
