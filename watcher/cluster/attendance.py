"""Notices work that no living worker takes: shards, the files of the corpus, the channels."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from watcher.log import event
from watcher.pipeline.settings import Settings
from watcher.store import StoreThread
from watcher.store.commands import incidents
from watcher.store.commands.holds import ARCHIVE, DELIVER
from watcher.store.queries.workers import Unattended, unattended

log = logging.getLogger(__name__)

_SHARDS = "shards"
_OVER = {
    _SHARDS: "Workers take all shards again.",
    ARCHIVE: "A worker writes the files of the corpus again.",
    DELIVER: "A worker sends alerts again.",
}


class Attendance:
    """Notifies the operator of work that no worker took at two looks in a row: one that restarts is back by then."""

    def __init__(self, store: StoreThread, *, settings: Callable[[], Settings], now: Callable[[], datetime]) -> None:
        self._store = store
        self._settings = settings
        self._now = now
        self._missed: frozenset[str] = frozenset()

    async def look(self) -> None:
        """Looks once. Raises WatcherError."""
        settings = self._settings()
        found = await self._store.run(unattended, shards=settings.config.cluster.shards)
        problems = dict(_problems(found, sends=bool(settings.channels)))
        for part, over in _OVER.items():
            name = f"{incidents.WORKERS} {part}"
            if part not in problems:
                if await self._store.run(incidents.end, name, over, ops=settings.ops, now=self._now()):
                    log.info("%s", over, extra=event("work.attended", part=part))
            elif part in self._missed:
                words = problems[part]
                if await self._store.run(incidents.begin, name, words, ops=settings.ops, now=self._now()):
                    log.warning("%s", words, extra=event("work.unattended", part=part))
        self._missed = frozenset(problems)


def _problems(found: Unattended, *, sends: bool) -> Iterator[tuple[str, str]]:
    if found.feeds or found.entries:
        left, work = ranges(found.shards), f"{found.feeds} feeds and {found.entries} waiting pages"
        words = f"No worker takes the shards {', '.join(left)}, with {work}: start one with --shards {left[0]}."
        yield _SHARDS, words
    if ARCHIVE not in found.roles:
        yield ARCHIVE, "No worker has the role archive: start one with it."
    if sends and DELIVER not in found.roles:
        yield DELIVER, "No worker has the role deliver: start one with it."


def ranges(shards: Sequence[int]) -> list[str]:
    """Writes sorted numbers as `--shards` reads them: [1, 2, 3, 7] as 1-3 and 7."""
    found: list[list[int]] = []
    for shard in shards:
        if found and shard == found[-1][1] + 1:
            found[-1][1] = shard
        else:
            found.append([shard, shard])
    return [str(first) if first == last else f"{first}-{last}" for first, last in found]
