"""Creates the parser pool for the watches of a config. Light to import: the processes load while the program does."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from watcher.config import Config
from watcher.parsing import ParserPool
from watcher.parsing.messages import WATCHES

TASKS = "watcher.parsing.tasks"
_PRESTARTED = 2
_LARGEST_REPLY = 64 * 2**20  # 50,000 entries of a sitemap, all of them new, take 25 MB


def usable_cores() -> int:
    """Returns the number of cores that this process may run on, as `CPUAffinity=` or taskset say."""
    return len(os.sched_getaffinity(0))


@asynccontextmanager
async def parser_pool(config: Config, *, prestart: bool = False) -> AsyncIterator[ParserPool]:
    """Creates a pool of at most one process for each usable core, configured with the watches; each process starts
    with the first task that needs it.

    `prestart` starts the first two at once. That is a waste if no page will be parsed.
    """
    pool = ParserPool(usable_cores(), TASKS, largest_reply=_LARGEST_REPLY)
    try:
        await pool.configure(1, WATCHES.dump_json(config.watches))
        if prestart:
            pool.prestart(_PRESTARTED)
        yield pool
    finally:
        await pool.aclose()
