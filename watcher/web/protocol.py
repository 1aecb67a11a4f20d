"""uvicorn's HTTP protocol with limits on connections and on the time that the head of a request may take."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 200
HEAD_SECONDS = 10.0


class LimitedProtocol(H11Protocol):
    """Closes connections beyond the limit, and those that do not complete the head of a request in time."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self._expect_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._deadline is None and self.conn.their_state is h11.IDLE:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._end_if_without_head, self.cycle)

    def _end_if_without_head(self, last_request: object) -> None:
        self._deadline = None
        if self.cycle is last_request and self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()
