"""Pages that brought no document end together: nobody waits for one of them, and a commit costs as much as ten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watcher.model import EntryId
from watcher.store import StoreThread, entries
from watcher.store.entries import EntryEnd

PAUSE = timedelta(milliseconds=25)

Repeated = Mapping[str, frozenset[int]]  # host -> hashes of paragraphs that it is found to repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    entry: EntryId
    end: EntryEnd
    generation: int


@dataclass(slots=True, kw_only=True)
class Endings:
    """Collects ends for a moment, then records them in one transaction. `generation`: of the watches that hold now."""

    store: StoreThread
    now: Callable[[], datetime]
    generation: Callable[[], int]
    _waiting: list[_Ending] = field(default_factory=list)
    _recording: asyncio.Task[tuple[int, Repeated]] | None = None

    async def record(self, entry: EntryId, end: EntryEnd, *, generation: int) -> Repeated | None:
        """Ends the entry, which the watches of `generation` did not match; what is learnt of its host and others.

        None if other watches came in before that: the claim is given back, and the page is to be read again.
        """
        self._waiting.append(_Ending(entry=entry, end=end, generation=generation))
        if self._recording is None:
            self._recording = asyncio.create_task(self._record())
            self._recording.add_done_callback(_retrieve)
        current, repeated = await asyncio.shield(self._recording)
        return repeated if generation == current else None

    async def _record(self) -> tuple[int, Repeated]:
        await asyncio.sleep(PAUSE.total_seconds())
        endings, self._waiting, self._recording = self._waiting, [], None
        current = self.generation()
        ended = [(ending.entry, ending.end) for ending in endings if ending.generation == current]
        void = [ending.entry for ending in endings if ending.generation != current]
        return current, await self.store.run(entries.end, ended, void=void, now=self.now())


def _retrieve(recording: asyncio.Task[tuple[int, Repeated]]) -> None:
    """Whoever waits hears of an error; where nobody does any more, it is no news."""
    if not recording.cancelled():
        recording.exception()
