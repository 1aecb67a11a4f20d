"""Every feed of a config polled once by watcher's own poll step, and nothing ingested: what `bench.polling` measures.

`python -m bench.poll_once CONFIG` is `watcher once` without the steps that follow a poll. Prints the entries found.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from watcher.app import assemble
from watcher.config import load
from watcher.parsing.launch import parser_pool
from watcher.store.commands import feeds


async def main(config: Path) -> int:
    read = load(config)
    async with parser_pool(read) as pool, assemble(read, pool=pool, show=print, to_the_end=True) as service:
        await service.start()
        service.due_by = service.resources.now()
        await service.resources.store.run(feeds.make_due, now=service.due_by)
        await service.poll.drain()
    if service.tally.failed_feeds:
        raise RuntimeError(f"{len(service.tally.failed_feeds)} feeds failed: {service.tally.failed_feeds}"[:500])
    return service.tally.new_entries


if __name__ == "__main__":
    print(asyncio.run(main(Path(sys.argv[1]))))
