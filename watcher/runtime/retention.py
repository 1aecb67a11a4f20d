"""How long things are kept, and clearing away the rest, in small pieces between the other work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from watcher.pipeline.parts import Parts
from watcher.store import retention

WORDS = timedelta(
    days=7
)  # the feed's own text of an entry; its page is read again for a new watch, title and link stay
ENTRIES = timedelta(days=90)  # `explain` knows them so long
KNOWN_DAYS = 90  # since the feed listed them last
PAYLOADS = timedelta(days=7)
DELIVERIES = timedelta(days=90)

_ROWS = 500  # a few milliseconds of the store's thread
_KEYS = 5_000
_MOST_BATCHES = 40  # for each kind and round


class Retention:
    """Remembers how far the known entries were looked through."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: int | None = None

    async def clear_away(self) -> None:
        """One round. What it does not get through, the next one does."""
        run, now = self._parts.store.run, self._parts.now()
        await _all(lambda: run(retention.drop_words, before=now - WORDS, limit=_ROWS))
        await _all(lambda: run(retention.drop_entries, before=now - ENTRIES, limit=_ROWS))
        await _all(lambda: run(retention.drop_payloads, before=now - PAYLOADS, limit=_ROWS))
        await _all(lambda: run(retention.drop_deliveries, before=now - DELIVERIES, limit=_ROWS))
        await _all(lambda: run(retention.drop_attempts, before=now - DELIVERIES, limit=_ROWS))
        await self._drop_known()

    async def _drop_known(self) -> None:
        for _ in range(_MOST_BATCHES):
            self._known = await self._parts.store.run(
                retention.drop_known, after=self._known, days=KNOWN_DAYS, now=self._parts.now(), limit=_KEYS
            )
            if self._known is None:
                return


async def _all(batch: Callable[[], Awaitable[int]]) -> None:
    for _ in range(_MOST_BATCHES):
        if await batch() < _ROWS:
            return
