"""Deletes expired rows, in small batches between the other work, and says how long each kind is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from watcher.model import FeedId
from watcher.store import StoreThread
from watcher.store.commands import backfills, coverage_blocks, retention, revisits, spikes
from watcher.text.days import day_number

FEED_TEXTS = timedelta(days=7)  # of ended entries; title and link stay, a new watch reads the page again
ENTRIES = timedelta(days=90)  # as long as `explain` knows them
KNOWN_DAYS = 90  # since the feed listed them last
PAYLOADS = timedelta(days=7)
NEAR_MISSES = timedelta(days=90)  # since a page showed them last
DELIVERIES = timedelta(days=90)
BACKFILLS = timedelta(days=90)
COVERAGE = timedelta(days=366)
UNPACKED_COVERAGE = timedelta(days=40)
VERSIONS = timedelta(days=365)  # the texts of revisions; their classes and sentences stay
SPIKES = timedelta(days=30)
PAGES = timedelta(days=365)  # as received, for WARC; documents stay

_ROWS = 500  # a few milliseconds of the store's thread
_KEYS = 5_000
_FEEDS = 100
_BACKFILLS = 1  # up to some ten thousand rows
_PAGES = 50  # about 40 kB each
_MOST_BATCHES = 40  # for each kind and round


class Retention:
    """Deletes in rounds, and keeps the place that the round before reached among the seen keys."""

    def __init__(self, store: StoreThread, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._known: int | None = None
        self._packed_on: int | None = None

    async def delete_expired(self) -> None:
        """Runs one round; the next one continues it."""
        run, now = self._store.run, self._now()
        await _all(lambda: run(retention.drop_entry_payloads, before=now - FEED_TEXTS, limit=_ROWS))
        await _all(lambda: run(retention.drop_entries, before=now - ENTRIES, limit=_ROWS))
        await _all(lambda: run(retention.drop_near_misses, before=now - NEAR_MISSES, limit=_ROWS))
        await _all(lambda: run(retention.drop_pages, before=now - PAGES, limit=_PAGES), limit=_PAGES)
        await _all(lambda: run(retention.drop_delivery_payloads, before=now - PAYLOADS, limit=_ROWS))
        await _all(lambda: run(retention.drop_deliveries, before=now - DELIVERIES, limit=_ROWS))
        await _all(lambda: run(backfills.delete_ended, before=now - BACKFILLS, limit=_BACKFILLS), limit=_BACKFILLS)
        await _all(lambda: run(retention.drop_attempts, before=now - DELIVERIES, limit=_ROWS))
        await _all(lambda: run(revisits.drop_texts, before=now - VERSIONS, limit=_PAGES, now=now), limit=_PAGES)
        await _all(lambda: run(revisits.drop_tracks, before=now - VERSIONS, limit=_ROWS))
        spikes_before = day_number(now - SPIKES, "UTC")
        await _all(lambda: run(spikes.drop, before=spikes_before, limit=_ROWS))
        await self._drop_known()
        await self._pack_coverage(now)

    async def _drop_known(self) -> None:
        for _ in range(_MOST_BATCHES):
            self._known = await self._store.run(
                retention.drop_seen_keys, after=self._known, days=KNOWN_DAYS, now=self._now(), limit=_KEYS
            )
            if self._known is None:
                return

    async def _pack_coverage(self, now: datetime) -> None:
        """Packs the counts of earlier days, once a day."""
        today = day_number(now, "UTC")
        before, expired = today - UNPACKED_COVERAGE.days, today - COVERAGE.days
        after: FeedId | None = FeedId(0) if self._packed_on != today else None
        while after is not None:
            after = await self._store.run(
                coverage_blocks.pack, before=before, expired=expired, after=after, limit=_FEEDS
            )
        self._packed_on = today


async def _all(batch: Callable[[], Awaitable[int]], *, limit: int = _ROWS) -> None:
    for _ in range(_MOST_BATCHES):
        if await batch() < limit:
            return
