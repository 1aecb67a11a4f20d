"""Calls into the worker processes: a task's value in, its checked result out, a stranger's faults as our errors."""

from __future__ import annotations

from datetime import timedelta

from watcher.errors import NotAFeed, TaskFailed
from watcher.model import ParsedFeed
from watcher.pipeline.reading import FEED_TASK, PAGE_TASK, PARSED_FEED, READING, FeedTask, PageTask, Reading
from watcher.workers import WorkerPool

FEED_TIMEOUT = timedelta(seconds=30)  # 66 ms is usual for a large feed
PAGE_TIMEOUT = timedelta(seconds=20)  # 40 ms is usual


async def read_feed(pool: WorkerPool, task: FeedTask, body: bytes) -> ParsedFeed:
    """A feed's body, read. Raises NotAFeed or WorkerError."""
    arguments = FEED_TASK.dump_python(task, mode="json")
    try:
        return PARSED_FEED.validate_json(await pool.run("read_feed", arguments, body, timeout=FEED_TIMEOUT))
    except TaskFailed as error:
        if error.kind != NotAFeed.__name__:
            raise
        advertised = error.data.get("advertised")
        addresses = advertised if isinstance(advertised, list | tuple) else ()
        raise NotAFeed(str(error), tuple(str(address) for address in addresses)) from error


async def read_page(pool: WorkerPool, task: PageTask, page: bytes) -> Reading:
    """A page's bytes (b"": the entry's own words instead), read and matched. Raises WorkerError."""
    arguments = PAGE_TASK.dump_python(task, mode="json")
    return READING.validate_json(await pool.run("read_page", arguments, page, timeout=PAGE_TIMEOUT))


def sentence(error: NotAFeed) -> str:
    """Why an address is no feed, and which feeds it names instead."""
    if not error.advertised:
        return str(error)
    return f"{error}; it advertises: {', '.join(error.advertised)}"
