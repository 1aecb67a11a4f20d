"""Pages that brought no document end together, under the watches that hold then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.model import EntryId
from watcher.runtime.batcher import Batcher
from watcher.store import StoreThread, entries
from watcher.store.entries import EntryEnd

Repeated = Mapping[str, frozenset[int]]  # host -> hashes of paragraphs that it is found to repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    entry: EntryId
    end: EntryEnd
    generation: int


class EntryRecorder:
    """Records ends. `generation`: of the watches that hold now."""

    def __init__(self, store: StoreThread, *, now: Callable[[], datetime], generation: Callable[[], int]) -> None:
        self._store = store
        self._now = now
        self._generation = generation
        self._together = Batcher(self._record)

    async def record(self, entry: EntryId, end: EntryEnd, *, generation: int) -> Repeated | None:
        """Ends the entry, which the watches of `generation` did not match; what is learnt of its host and others.

        None if other watches came in before that: the claim is given back, and the page is to be read again.
        """
        current, repeated = await self._together.do(_Ending(entry=entry, end=end, generation=generation))
        return repeated if generation == current else None

    async def _record(self, endings: Sequence[_Ending]) -> tuple[int, Repeated]:
        current = self._generation()
        ended = [(ending.entry, ending.end) for ending in endings if ending.generation == current]
        void = [ending.entry for ending in endings if ending.generation != current]
        return current, await self._store.run(entries.end, ended, void=void, now=self._now())
