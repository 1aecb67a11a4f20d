"""`/live`: server-sent events that say how many documents are new since a page was made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from watcher.web.catalogue import Texts
from watcher.web.problem import Problem

_MOST = 32  # open streams
_LOOK_SECONDS = 1.0
_ALIVE_LOOKS = 20  # looks between two comments, which show whether the browser is still there


class NewDocuments:
    """The open streams. `count`: returns the number that the next document gets, without a query."""

    def __init__(self, count: Callable[[], int], stop: asyncio.Event) -> None:
        self._count = count
        self._stop = stop
        self._open = 0

    def stream(self, since: int, texts: Texts) -> AsyncIterator[str]:
        """Yields events. Raises Problem if too many streams are open."""
        if self._open >= _MOST:
            raise Problem(503)
        return self._events(since, texts)

    async def _events(self, since: int, texts: Texts) -> AsyncIterator[str]:
        self._open += 1
        known, looks = since, 0
        try:
            yield "retry: 10000\n\n"
            while not self._stop.is_set():
                if (count := self._count()) > known:
                    known = count
                    news = texts.counted(count - since, "1 new document", "{count} new documents")
                    yield f"event: documents\ndata: {news}\n\n"
                looks += 1
                if looks % _ALIVE_LOOKS == 0:
                    yield ": alive\n\n"
                await self._pause()
        finally:
            self._open -= 1

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._stop.wait()
        except TimeoutError:
            return
