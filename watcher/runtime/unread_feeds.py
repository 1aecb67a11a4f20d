"""Notifies the operator of feeds none of whose pages can be read, every hour, and when they can be again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from watcher.feeds.unread import WINDOW, PageCounts, unread
from watcher.model import FeedId
from watcher.pipeline.settings import Settings
from watcher.store import StoreThread
from watcher.store.commands import feed_incidents
from watcher.store.queries import coverage
from watcher.store.queries.coverage import CoverageCounts
from watcher.text.days import day_number

_FEEDS_AT_ONCE = 200  # a few milliseconds of the store's thread


async def review_unread_feeds(settings: Settings, store: StoreThread, *, now: Callable[[], datetime]) -> None:
    """Judges the last days of each feed, and begins or ends its incident."""
    since = day_number(now(), settings.timezone) - WINDOW
    after: FeedId | None = FeedId(0)
    while after is not None:
        found, after = await store.run(coverage.read_doubtful, since=since, after=after, limit=_FEEDS_AT_ONCE)
        for feed, days in found.items():
            reason = unread(map(_pages, days))
            if reason and not feed.unread:
                await store.run(feed_incidents.begin_unread, feed.name, reason, ops=settings.ops, now=now())
            elif feed.unread and reason == "":
                await store.run(feed_incidents.end_unread, feed.name, ops=settings.ops, now=now())


def _pages(day: CoverageCounts) -> PageCounts:
    return PageCounts(page=day.page, walls=day.walls, paywalls=day.paywalls, robots=day.robots, errors=day.errors)
