"""One connection to a server: aiohttp's response handler with the limits that hostile servers make necessary.

aiohttp parses HTTP and has limits on single header fields, but none on interim answers, on a whole head or on the bytes
of one answer. They are counted here, before the parser sees them.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import ClientPayloadError, StreamReader, http
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey

from watcher.errors import FetchError, FetchFailure

MOST_HEAD_BYTES = 64 * 1024
# Of one answer, the heads of its interim answers among them.
MOST_HEADS_BYTES = 128 * 1024
MOST_HEAD_LINES = 256
MOST_INTERIM_ANSWERS = 128
MOST_IDLE = 256
# asyncio's buffers take 0.4 MB for each TLS connection, idle or not; a plain one takes 20 kB.
MOST_IDLE_TLS = 32
# The parser gets a head in slices, so that a flood is stopped after this many bytes rather than after one large read. A
# slice ends with the head: the parser loses an answer if anything in the same slice breaks the rules after it, such as
# a body that is longer than its Content-Length.
_SLICE = 16 * 1024
_LINE_END = re.compile(rb"\r?\n")  # where the slice before has ended in the middle of a blank line
_BLANK_LINE = re.compile(rb"\n\r?\n")

Message = tuple[http.RawResponseMessage, StreamReader]


@dataclass(slots=True, kw_only=True)
class Budget:
    """Limits one exchange and records its use. `name` is the server in error messages; `addresses` may be dialled.

    `alone`: the exchange uses a new connection and closes it. `received` counts bytes of the answer as they came in
    (inside TLS), `sent` is set before the first byte of the request is written, `reused` if the connection was kept
    from an earlier exchange, `tunnelled` once a proxy has agreed to a CONNECT request. `permit` is called before the
    request is written, and raises FetchError if it may not be sent any more.
    """

    name: str
    addresses: tuple[str, ...]
    most_bytes: int
    alone: bool = False
    received: int = 0
    sent: bool = False
    reused: bool = False
    tunnelled: bool = False
    permit: Callable[[], None] = lambda: None


class IdleConnections:
    """The connections that wait for another request to their origin; the oldest are closed when there are too many."""

    def __init__(self) -> None:
        self._plain: OrderedDict[LimitedConnection, ConnectionKey] = OrderedDict()
        self._tls: OrderedDict[LimitedConnection, ConnectionKey] = OrderedDict()

    def add(self, connection: LimitedConnection, key: ConnectionKey) -> None:
        tls = isinstance(key.ssl, ssl.SSLContext)
        kept, most = (self._tls, MOST_IDLE_TLS) if tls else (self._plain, MOST_IDLE)
        kept[connection] = key
        if len(kept) > most:
            next(iter(kept)).close()

    def remove(self, connection: LimitedConnection) -> bool:
        """Removes a connection that is used again or has ended; whether it was idle."""
        return any(kept.pop(connection, None) is not None for kept in (self._plain, self._tls))

    def close_all(self, key: ConnectionKey) -> None:
        """Closes the idle connections to one origin."""
        for kept in (self._plain, self._tls):
            for connection in [each for each, its_key in kept.items() if its_key == key]:
                connection.close()


class LimitedConnection(ResponseHandler):
    """Counts the bytes of each answer against a budget; aborts the connection when a server sends without a request.

    A connection that ends removes itself from `idle`.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, idle: IdleConnections, budget: Budget | None) -> None:
        super().__init__(loop)
        self._idle = idle
        self._budget = budget  # of a CONNECT request, until the tunnel is there
        self._has_head = False
        self._interim_answers = 0
        self._body: StreamReader | None = None

    def begin(self, budget: Budget) -> None:
        """Starts an exchange."""
        self._budget = budget
        self._has_head, self._interim_answers, self._body = False, 0, None

    def end(self) -> None:
        """Ends the exchange: from now on the server may send nothing."""
        self._budget = self._body = None

    # asyncio calls these

    def data_received(self, data: bytes) -> None:
        """Counts the data and passes it to the parser; b"" asks the parser to continue after a pause."""
        budget = self._budget
        if budget is None:
            if data:
                self.abort()
            return
        budget.received += len(data)
        if budget.received > budget.most_bytes:
            self._refuse(budget, f"sent more than {budget.most_bytes} bytes")
            return
        rest = self._feed_head(data, budget) if not self._has_head else data
        if rest or not data:
            super().data_received(rest)

    def _feed_head(self, data: bytes, budget: Budget) -> bytes:
        """Passes slices to the parser until it has the whole head; returns the rest of the data."""
        start, before = 0, budget.received - len(data)
        while start < len(data) and not self._has_head and self.exception() is None:
            if before + start > MOST_HEADS_BYTES:
                self._refuse(budget, "sent a head without end")
                break
            blank = _LINE_END.match(data, start) or _BLANK_LINE.search(data, start, start + _SLICE)
            end = blank.end() if blank else start + _SLICE
            super().data_received(data[start:end])
            start = end
        return data[start:] if self.exception() is None else b""

    def connection_lost(self, exc: BaseException | None) -> None:
        """Ends the body. A body that lasts until the connection closes is whole only if it was closed without error."""
        self._idle.remove(self)
        if exc is not None and self._body is not None and not self._body.is_eof():
            self._body.set_exception(ClientPayloadError("the connection broke"), exc)
        super().connection_lost(exc)

    # aiohttp calls these

    def feed_data(self, data: Message, size: int = 0) -> None:
        """Takes a parsed head. Interim answers are counted and dropped, as is a second answer to one request."""
        message, body = data
        if self._has_head:
            self.force_close()
            return
        if 100 <= message.code < 200 and message.code != 101:
            self._interim_answers += 1
            if self._interim_answers > MOST_INTERIM_ANSWERS and self._budget is not None:
                self._refuse(self._budget, "sent a head without end")
            return
        self._has_head, self._body = True, body
        if self._budget is not None and not self._budget.sent:
            self._budget.tunnelled = message.code == 200
        super().feed_data(data, size)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """Ends the answer with an error, its body too: a chunk that breaks the rules would leave the body waiting."""
        super().set_exception(exc, *cause)
        if self._body is not None and not self._body.is_eof() and self._body.exception() is None:
            broken = exc if isinstance(exc, FetchError) else ClientPayloadError("the body breaks the rules of HTTP")
            self._body.set_exception(broken, exc)
        if self.transport is not None:
            self.transport.abort()

    def close(self) -> None:
        """Closes at once: the answer has come or never will, and a TLS shutdown could take half a minute."""
        self.abort()

    def abort(self) -> None:
        self._idle.remove(self)
        super().abort()

    def _refuse(self, budget: Budget, message: str) -> None:
        self.set_exception(FetchError(FetchFailure.TOO_LARGE, f"{budget.name} {message}", sent=budget.sent))
