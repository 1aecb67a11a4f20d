"""Records the entries that ended without a document, in batches, under the watches in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.model import EntryId
from watcher.pipeline.repeated_paragraphs import HostParagraphs
from watcher.runtime.batcher import Batcher
from watcher.store import StoreThread
from watcher.store.commands import entries, holds
from watcher.store.commands.entries import EntryEnd
from watcher.store.fencing import Hold, current_hold


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    entry: EntryId
    end: EntryEnd
    generation: int
    hold: Hold | None


class EntryRecorder:
    """Records ends of entries. `generation` returns the number of the generation in force."""

    def __init__(self, store: StoreThread, *, now: Callable[[], datetime], generation: Callable[[], int]) -> None:
        self._store = store
        self._now = now
        self._generation = generation
        self._batcher = Batcher(self._record)

    async def record(self, entry: EntryId, end: EntryEnd, *, generation: int) -> HostParagraphs | None:
        """Ends an entry that the watches of `generation` did not match. Returns what was learned of hosts.

        None if other watches are in force by then: the claim is given back, and the page is read again.
        """
        ended = _Ended(entry=entry, end=end, generation=generation, hold=current_hold.get())
        current, learned = await self._batcher.do(ended)
        return learned if generation == current else None

    async def _record(self, batch: Sequence[_Ended]) -> tuple[int, HostParagraphs]:
        current = self._generation()
        ended = [((one.entry, one.end if one.generation == current else None), one.hold) for one in batch]
        return current, await self._store.run(holds.with_current, entries.end_or_release, ended, now=self._now())
