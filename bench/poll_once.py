"""Every feed of a config polled once by watcher's own poll step, and nothing ingested: what `bench.polling` measures.

`python -m bench.poll_once CONFIG` is `watcher once` without the steps that follow a poll. Prints the entries found.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from watcher.app import assemble
from watcher.config import load
from watcher.parsing.launch import pool_of
from watcher.runtime.service import Steps
from watcher.store import feeds


async def main(config: Path) -> int:
    read = load(config)
    async with pool_of(read) as pool, assemble(read, pool=pool, show=print) as parts:
        steps = Steps(parts, to_the_end=True)
        await steps.start()
        steps.due_by = parts.now()
        await parts.store.run(feeds.make_due, now=steps.due_by)
        await steps.poll.drain()
    if steps.tally.failed_feeds:
        raise RuntimeError(f"{len(steps.tally.failed_feeds)} feeds failed: {steps.tally.failed_feeds}"[:500])
    return steps.tally.new_entries


if __name__ == "__main__":
    print(asyncio.run(main(Path(sys.argv[1]))))
