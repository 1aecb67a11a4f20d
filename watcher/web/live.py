"""`/live`: server-sent events that say how many documents are new since a page was made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

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

    def stream(self, since: int, texts: Texts) -> StreamingResponse:
        """Returns an answer that yields events. Raises Problem if too many are open."""
        if self._open >= _MOST:
            raise Problem(503)
        self._open += 1
        return _Stream(self._events(since, texts), self._close)

    def _close(self) -> None:
        self._open -= 1

    async def _events(self, since: int, texts: Texts) -> AsyncIterator[str]:
        known, looks = since, 0
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

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._stop.wait()
        except TimeoutError:
            return


class _Stream(StreamingResponse):
    """Counts as open from its making to its end, also while its first event is on the way."""

    def __init__(self, events: AsyncIterator[str], close: Callable[[], None]) -> None:
        super().__init__(events, media_type="text/event-stream")
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._close()
