"""New and changed watches are tried on what is there: the entries that the feeds still list, and the latest documents.

So their author sees at once what they find: each channel gets one summary of it, as after a first poll.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import timedelta

from watcher.log import event
from watcher.matching import Watchlist, definition
from watcher.model import Article, Match, Watch
from watcher.parsing.messages import hosts_of
from watcher.pipeline.parts import Parts
from watcher.store import documents, watches
from watcher.store.documents import StoredDocument

log = logging.getLogger(__name__)

LISTED_WITHIN = timedelta(days=14)
_MOST_DOCUMENTS = 2_000
_AT_ONCE = 200


async def review(parts: Parts) -> int:
    """Takes up the watches of the current setting. Returns how many entries wait to be read again for new ones."""
    setting = parts.setting
    definitions = {watch.name: definition(watch) for watch in setting.watches.values()}
    fresh = await parts.store.run(watches.changed, definitions)
    found = await _matches(parts, [setting.watches[name] for name in sorted(fresh)])
    now = parts.now()
    telling = setting.telling(in_first_poll=True, now=now)
    since = now - LISTED_WITHIN
    reopened = await parts.store.run(watches.take_up, definitions, found, telling, listed_since=since, now=now)
    if reopened:
        log.info(
            "%d watches are new or changed: %d earlier entries are read again",
            len(fresh),
            reopened,
            extra=event("watches.changed", watches=sorted(fresh), entries=reopened),
        )
    return reopened


def article_of(document: StoredDocument) -> Article:
    """The article that a document was made of: its `text` is the document's."""
    return Article(
        title=document.title,
        body=document.text.removeprefix(f"{document.title}\n\n") if document.title else document.text,
        date=document.date,
        published_at=document.published_at,
        language=document.language,
        site=document.site,
        hosts=hosts_of(*document.urls),
        author=document.author,
        text_from=document.text_from,
        quality=document.quality,
        origins=document.origins,
        extractor=document.extractor,
    )


async def _matches(parts: Parts, fresh: list[Watch]) -> dict[int, tuple[Match, ...]]:
    """What the watches match among the latest documents: number -> matches."""
    if not fresh:
        return {}
    watchlist = await asyncio.to_thread(Watchlist.compile, fresh)
    found: dict[int, tuple[Match, ...]] = {}
    below: int | None = None
    for _ in range(0, _MOST_DOCUMENTS, _AT_ONCE):
        since = parts.now() - LISTED_WITHIN
        some = await parts.store.run(documents.newest, since=since, below=below, limit=_AT_ONCE)
        if not some:
            break
        found |= await asyncio.to_thread(_matches_among, watchlist, some)
        below = some[-1].number
    return found


def _matches_among(watchlist: Watchlist, some: Iterable[StoredDocument]) -> dict[int, tuple[Match, ...]]:
    found = {
        document.number: watchlist.match(article_of(document), feed_text=document.feed_text, feed=document.feed)
        for document in some
    }
    return {number: matches for number, matches in found.items() if matches}
