"""Leaves out the pages of which the bytes prove that no watch can match them: no parser process reads those.

A page is read nevertheless where more is wanted of it: its date, its text for the seen archive, whether it is a wall.
Small pages are always read, because many walls are small, and so is a sample of each host's others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from watcher.errors import QueryError
from watcher.log import event
from watcher.matching import Watchlist
from watcher.model import DatePrecision, Entry, Watch
from watcher.parsing.byte_filter import ByteFilter
from watcher.parsing.messages import PageReading
from watcher.pipeline.entry_page import FetchedPage
from watcher.pipeline.host_samples import HostSamples
from watcher.pipeline.settings import Settings
from watcher.store.commands.entries import ClaimedEntry
from watcher.text import fold, hosts_of, squeeze

log = logging.getLogger(__name__)

SMALLEST = 30_000
"""Bytes of a page that may be left out; more than nearly all walls have."""
LARGEST = 1_000_000
"""Bytes of a page, or of its entry's text, that may be searched in the event loop."""
_WORTH = 50  # pages: a filter takes some tenths of a second to compile
_MOST_TERMS = 200
_MOST_QUERIES = 50
_TRIED = 500  # pages after which a filter is dropped that leaves out few
_FEWEST = 0.2
_HTML = ("text/html", "application/xhtml")


@dataclass(slots=True)
class _Screen:
    """The compiled watches of a generation. `tried`: pages; `left_out`: those of them that cannot match."""

    watchlist: Watchlist
    filter: ByteFilter
    tried: int = 0
    left_out: int = 0

    @property
    def is_useful(self) -> bool:
        return self.tried < _TRIED or self.left_out >= _FEWEST * self.tried


class Screening:
    """Screens pages for the generation in force; knows nothing before the first pages have been read."""

    def __init__(self) -> None:
        self._samples = HostSamples()
        self._generation = -1
        self._pages = 0
        self._compiling: asyncio.Task[_Screen | None] | None = None

    def reading_of(
        self, claimed: ClaimedEntry, page: FetchedPage, settings: Settings, *, keeps_text: bool, now: datetime
    ) -> PageReading | None:
        """Returns the reading of a page that cannot match, None if a parser process must read it."""
        if keeps_text or not _is_ordinary(claimed, page, now) or self._samples.is_due(page.host):
            return None
        screen = self._screen_of(settings)
        if screen is None or screen.watchlist.takes_all_of(claimed.feed):
            return None
        screen.tried += 1
        if _may_match(screen, claimed, page):
            return None
        screen.left_out += 1
        self._samples.leave_out(page.host)
        log.debug("%s: its bytes exclude a match", claimed.link, extra=event("page.left_out", url=claimed.link))
        return PageReading(article=None, date=claimed.entry.date)

    def learn(self, page: FetchedPage, reading: PageReading) -> None:
        """Takes what a page was that a parser process has read."""
        self._pages += 1
        if page.host and not page.problem:
            self._samples.learn(page.host, is_article=not reading.wall and not reading.problem)

    async def compile(self, settings: Settings) -> None:
        """Compiles the filter of a generation now, if it can have one."""
        await self._compilation(settings)

    def _screen_of(self, settings: Settings) -> _Screen | None:
        """Returns the screen of a generation; begins to compile it when enough pages have been read."""
        if self._pages < _WORTH:
            return None
        compilation = self._compilation(settings)
        screen = compilation.result() if compilation.done() else None
        return screen if screen is not None and screen.is_useful else None

    def _compilation(self, settings: Settings) -> asyncio.Task[_Screen | None]:
        if self._compiling is None or settings.generation != self._generation:
            self._generation = settings.generation
            self._compiling = asyncio.create_task(_compiled(tuple(settings.watches.values())))
        return self._compiling


async def _compiled(watches: Collection[Watch]) -> _Screen | None:
    """Compiles watches in a thread; None if there are too many, or if a page cannot be excluded by its bytes."""
    queries = sum(bool(watch.query) for watch in watches)
    if sum(len(watch.terms) for watch in watches) > _MOST_TERMS or queries > _MOST_QUERIES:
        return None
    try:
        watchlist = await asyncio.to_thread(Watchlist.compile, watches)
        compiled = await asyncio.to_thread(ByteFilter.of, watchlist)
    except QueryError:  # the parser processes report it
        return None
    return _Screen(watchlist, compiled) if compiled else None


def _may_match(screen: _Screen, claimed: ClaimedEntry, page: FetchedPage) -> bool:
    hosts = squeeze(fold(" ".join(hosts_of(claimed.link, page.url))).text)
    if any(site in hosts for site in screen.watchlist.sites):
        return True
    texts = f"\n{claimed.entry.feed_text}\n{claimed.entry.author}\n".encode("utf-8", "replace")
    return screen.filter.may_match(texts) or screen.filter.may_match(page.body)


def _is_ordinary(claimed: ClaimedEntry, page: FetchedPage, now: datetime) -> bool:
    """Returns whether a page is a large one of HTML, of which nothing is wanted but matches and near misses."""
    return (
        not claimed.backfills
        and claimed.document is None
        and not page.problem
        and SMALLEST <= len(page.body) <= LARGEST
        and page.content_type.lower().startswith(_HTML)
        and len(claimed.entry.feed_text) <= LARGEST
        and _is_dated(claimed.entry, now)
    )


def _is_dated(entry: Entry, now: datetime) -> bool:
    """Returns whether the feed states the day: then the page need not be searched for it."""
    return entry.date is not None and entry.date.precision is DatePrecision.DAY and not entry.date.is_future(now)
