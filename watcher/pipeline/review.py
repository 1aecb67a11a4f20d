"""Tries new and changed watches on what is there: the entries that the feeds still list, and the latest documents.

    watches of the config | which are new? | match the latest documents | record: reopen entries, one summary

The author of a watch sees at once what it finds: each channel gets one summary, as after a first poll.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from watcher.log import event
from watcher.matching import Watchlist, definition
from watcher.model import Match, Watch
from watcher.pipeline.settings import Settings
from watcher.store import StoreThread
from watcher.store.commands import watches
from watcher.store.queries import stored_documents, watch_definitions
from watcher.store.queries.stored_documents import StoredDocument

log = logging.getLogger(__name__)

LISTED_WITHIN = timedelta(days=14)
_MOST_DOCUMENTS = 2_000
_BATCH = 200


async def review(settings: Settings, store: StoreThread, *, now: datetime) -> int:
    """Takes over the watches of `settings`. Returns how many entries are to be read again for new ones."""
    definitions = {watch.name: definition(watch) for watch in settings.watches.values()}
    fresh = await store.run(watch_definitions.find_changed, definitions)
    since = now - LISTED_WITHIN
    found = await _matches(store, [settings.watches[name] for name in sorted(fresh)], since=since)
    recipients = settings.recipients(in_first_poll=True, now=now)
    reopened = await store.run(watches.store_definitions, definitions, found, recipients, listed_since=since, now=now)
    if reopened:
        log.info(
            "%d watches are new or changed: %d earlier entries are read again",
            len(fresh),
            reopened,
            extra=event("watches.changed", watches=sorted(fresh), entries=reopened),
        )
    return reopened


async def _matches(store: StoreThread, fresh: list[Watch], *, since: datetime) -> dict[int, tuple[Match, ...]]:
    """The matches of the watches among the latest documents: number -> matches."""
    if not fresh:
        return {}
    watchlist = await asyncio.to_thread(Watchlist.compile, fresh)
    found: dict[int, tuple[Match, ...]] = {}
    below: int | None = None
    for _ in range(0, _MOST_DOCUMENTS, _BATCH):
        batch = await store.run(stored_documents.newest, since=since, below=below, limit=_BATCH)
        if not batch:
            break
        found |= await asyncio.to_thread(_matches_among, watchlist, batch)
        below = batch[-1].number
    return found


def _matches_among(watchlist: Watchlist, batch: Iterable[StoredDocument]) -> dict[int, tuple[Match, ...]]:
    found = {
        document.number: watchlist.match(document.article, feed_text=document.feed_text, feed=document.feed)
        for document in batch
    }
    return {number: matches for number, matches in found.items() if matches}
