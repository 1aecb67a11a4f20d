"""Records the entries that ended without a document, in batches, under the watches in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.model import EntryId
from watcher.pipeline.repeated_paragraphs import HostParagraphs
from watcher.runtime.batcher import Batcher
from watcher.store import StoreThread
from watcher.store.commands import entries
from watcher.store.commands.entries import EntryEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    entry: EntryId
    end: EntryEnd
    generation: int


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
        current, learned = await self._batcher.do(_Ended(entry=entry, end=end, generation=generation))
        return learned if generation == current else None

    async def _record(self, batch: Sequence[_Ended]) -> tuple[int, HostParagraphs]:
        current = self._generation()
        ended = [(one.entry, one.end) for one in batch if one.generation == current]
        void = [one.entry for one in batch if one.generation != current]
        return current, await self._store.run(entries.end, ended, void=void, now=self._now())
