"""The worker processes for the watches of a config. Light to import: they load while the rest of the program does."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from watcher.config import Config
from watcher.parsing import ParserPool
from watcher.parsing.messages import WATCHES

TASKS = "watcher.parsing.tasks"
_AT_ONCE = 2


@asynccontextmanager
async def pool_of(config: Config, *, at_once: bool = False) -> AsyncIterator[ParserPool]:
    """Worker processes, at most one a core, that know the watches of the config; each starts when it is needed.

    `at_once`: the first of them start now, which is a waste if there is nothing to read.
    """
    pool = ParserPool(os.cpu_count() or 1, TASKS)
    try:
        await pool.configure(1, WATCHES.dump_json(config.watches))
        if at_once:
            pool.start_ahead(_AT_ONCE)
        yield pool
    finally:
        await pool.aclose()
