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
from watcher.store.queries.workers import LivingWorker, Unattended, unattended

log = logging.getLogger(__name__)

_SHARDS = "shards"
_NAMED = 3  # paused workers in a sentence
_OVER = {
    _SHARDS: "Workers take all shards again.",
    ARCHIVE: "A worker writes the files of the corpus again.",
    DELIVER: "A worker sends alerts again.",
}


class Attendance:
    """Notifies the operator of work that no worker took at two looks in a row.

    A worker that restarts, or pauses until it has the config of the others, is back by then.
    """

    def __init__(self, store: StoreThread, *, settings: Callable[[], Settings], now: Callable[[], datetime]) -> None:
        self._store = store
        self._settings = settings
        self._now = now
        self._missed: frozenset[str] = frozenset()

    def begin(self) -> None:
        """Forgets former looks: between them another worker may have looked, or none."""
        self._missed = frozenset()

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
        remedy = _remedy_for_shards(found)
        yield _SHARDS, f"No worker takes the shards {', '.join(left)}, with {work}: {remedy}."
    for role in (ARCHIVE, DELIVER) if sends else (ARCHIVE,):
        if role not in found.roles:
            paused = [worker for worker in found.paused if role in worker.roles]
            which = "No working worker has" if paused else "No worker has"
            yield role, f"{which} the role {role}: {_reload(paused) if paused else 'start one with it'}."


def _remedy_for_shards(found: Unattended) -> str:
    left = set(found.shards)
    paused = [worker for worker in found.paused if not left.isdisjoint(worker.fetched_shards)]
    uncovered = sorted(left.difference(*(worker.fetched_shards for worker in paused)))
    remedies = [_reload(paused)] if paused else []
    remedies += [f"start one with --shards {ranges(uncovered)[0]}"] if uncovered else []
    return ", and ".join(remedies)


def _reload(paused: Sequence[LivingWorker]) -> str:
    """Says which workers need the config of the others."""
    named = [
        f"{worker.pid} on {worker.host}" for worker in sorted(paused, key=lambda worker: (worker.host, worker.pid))
    ]
    more = [f"{len(named) - _NAMED} more"] if len(named) > _NAMED else []
    which = ", ".join(named[:_NAMED] + more)
    if len(named) == 1:
        return f"process {which} is paused, because its config differs from that of other workers; reload it"
    return f"processes {which} are paused, because their configs differ from those of other workers; reload them"


def ranges(shards: Sequence[int]) -> list[str]:
    """Writes sorted numbers as `--shards` reads them: [1, 2, 3, 7] as 1-3 and 7."""
    found: list[list[int]] = []
    for shard in shards:
        if found and shard == found[-1][1] + 1:
            found[-1][1] = shard
        else:
            found.append([shard, shard])
    return [str(first) if first == last else f"{first}-{last}" for first, last in found]
