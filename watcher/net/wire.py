"""Sockets below httpcore: dials the numbers that the guard admitted, and counts what comes in.

httpcore takes a network backend as a public argument; this one never resolves a name (but the proxy's), stops an
answer whose head or body outgrows its limit before anything parses it, and knows whether anything was sent.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import httpcore

from watcher.errors import FetchError, FetchFailure

MOST_HEAD_BYTES = 128 * 1024
MOST_HEAD_LINES = 256
MOST_DIALLED = 8
# RFC 8305, 5: the next address gets its chance after a quarter of a second.
DIAL_DELAY = 0.25
_READ = 16 * 1024
_BUFFERED = 128 * 1024
_BLANK_LINE = re.compile(rb"\n\r?\n")


@dataclass(slots=True, kw_only=True)
class Meter:
    """What one exchange may use and has used. `name` is how errors call the peer; `addresses` what may be dialled."""

    name: str
    addresses: tuple[str, ...]
    most_bytes: int
    received: int = 0
    head: bytearray = field(default_factory=bytearray)
    head_lines: int = 0
    last: bytes = b""
    head_done: bool = False
    dialled: bool = False
    connected: bool = False
    sent: bool = False
    ended_cleanly: bool = False
    _tunnelled: int = 0

    def take(self, data: bytes) -> None:
        """Count bytes from the peer. Raises FetchError if they are too many."""
        self.received += len(data)
        self.last = (self.last + data)[-5:] if len(data) < 5 else data[-5:]
        if self.received > self.most_bytes:
            raise FetchError(FetchFailure.TOO_LARGE, f"{self.name} sent more than {self.most_bytes} bytes", sent=True)
        if self.head_done:
            return
        self.head += data
        self.head_lines += data.partition(b"\r\n\r\n")[0].count(b"\n")
        if self.received > MOST_HEAD_BYTES or self.head_lines > MOST_HEAD_LINES:
            raise FetchError(FetchFailure.TOO_LARGE, f"{self.name} sent a head without end", sent=True)

    def start_over(self) -> None:
        """What came so far was a proxy's consent to a tunnel."""
        self.head.clear()
        self._tunnelled = self.received

    def end(self, body_bytes: int, *, chunked: bool) -> None:
        """Note that the answer is complete: did the peer send exactly that, or more, which is the answer to nothing?

        httpcore would hand what is left over to the next request on this connection.
        """
        if chunked:
            self.ended_cleanly = self.last.endswith(b"0\r\n\r\n")
        else:
            self.ended_cleanly = self.received - self._tunnelled == _head_length(self.head) + body_bytes


def _head_length(data: bytearray) -> int:
    """The bytes up to the end of the first head that is not merely informational (1xx)."""
    start = 0
    while (blank := _BLANK_LINE.search(data, start)) and data[start + 9 : start + 10] == b"1":
        start = blank.end()
    return blank.end() if blank else -1


CURRENT: ContextVar[Meter] = ContextVar("the exchange that uses the sockets")


class DialNumbers(httpcore.AsyncNetworkBackend):
    """Connects to the addresses of the current exchange's meter, or to a proxy's name if it has none."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature; one deadline lies around everything
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        meter = CURRENT.get()
        meter.dialled = True
        try:
            stream = await _dial(meter.addresses or (host,), port)
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            raise FetchError(FetchFailure.CONNECT, f"{meter.name} cannot be reached: {reason}") from error
        meter.connected = True
        return stream


class Wire(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection: what asyncio delivers on one side, what httpcore reads on the other."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._full = False
        self._meter: Meter | None = None

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio's promise for TCP
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > _BUFFERED and self._transport is not None:
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> None:
        self._ended = True
        _wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writer)

    # what httpcore calls

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        meter = self._meter = CURRENT.get()
        if meter.received and not meter.head_done:
            await asyncio.sleep(0)  # thousands of interim answers fit into one buffer
        if not self._buffer and not self._ended:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        if not self._buffer and self._error is not None:
            raise httpcore.ReadError(str(self._error)) from self._error
        size = min(max_bytes, _READ)
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        if len(self._buffer) <= _BUFFERED and self._transport is not None and not self._ended:
            self._transport.resume_reading()
        meter.take(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        if not buffer:
            return
        if self._transport is None or self._transport.is_closing() or self._error is not None:
            raise httpcore.WriteError("the connection is closed")
        CURRENT.get().sent = True
        self._transport.write(buffer)
        if self._full:
            self._writer = asyncio.get_running_loop().create_future()
            await self._writer
            if self._error is not None:
                raise httpcore.WriteError(str(self._error)) from self._error

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        meter = CURRENT.get()
        assert self._transport is not None  # noqa: S101 - connect_tcp hands out connected wires only
        try:
            loop = asyncio.get_running_loop()
            self._transport = await loop.start_tls(self._transport, self, ssl_context, server_hostname=server_hostname)
        except ssl.SSLCertVerificationError as error:
            raise FetchError(FetchFailure.TLS, f"{meter.name}: {error.verify_message}") from error
        except (ssl.SSLError, OSError) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            raise FetchError(FetchFailure.TLS, f"{meter.name} failed to agree on TLS: {reason}") from error
        if self._transport is None:
            raise FetchError(FetchFailure.TLS, f"{meter.name} hung up during the TLS handshake")
        meter.start_over()
        return self

    async def aclose(self) -> None:
        """At once: all that was wanted has come or never will, and TLS's farewell could be waited for forever."""
        if self._transport is not None:
            self._transport.abort()

    def get_extra_info(self, info: str) -> Any:
        """`is_readable`: an idle connection was closed, or its peer sent what nobody asked for: do not reuse."""
        if info == "is_readable":
            return self._ended or bool(self._buffer) or self._meter is None or not self._meter.ended_cleanly
        if info == "ssl_object":
            return None if self._transport is None else self._transport.get_extra_info("ssl_object")
        return None


async def _dial(addresses: Sequence[str], port: int) -> Wire:
    """A connection to the first address that answers, each started a little after the one before (RFC 8305)."""
    attempts: set[asyncio.Task[Wire]] = set()
    failure: OSError | None = None
    waiting = list(addresses[:MOST_DIALLED])
    try:
        while waiting or attempts:
            if waiting:
                attempts.add(asyncio.create_task(_connect(waiting.pop(0), port)))
            done, attempts = await asyncio.wait(
                attempts, timeout=DIAL_DELAY if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            won = [task for task in done if task.exception() is None]
            attempts.update(won[1:])
            if won:
                return won[0].result()
            failure = next((error for task in done if isinstance(error := task.exception(), OSError)), failure)
    finally:
        await _abandon(attempts)
    raise failure or OSError("no address to dial")


async def _connect(address: str, port: int) -> Wire:
    _, wire = await asyncio.get_running_loop().create_connection(Wire, address, port)
    return wire


async def _abandon(attempts: Iterable[asyncio.Task[Wire]]) -> None:
    for task in attempts:
        task.cancel()
    for result in await asyncio.gather(*attempts, return_exceptions=True):
        if isinstance(result, Wire):
            await result.aclose()


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
