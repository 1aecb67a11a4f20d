"""Connections: dialled to the numbers that the guard admitted, read under limits, counted. No requests' meaning.

Nothing here resolves a name (but the proxy's). An answer whose head or body outgrows its limit is stopped before
anything parses it. Whatever fails says whether anything had been sent.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import httpx

from watcher.errors import FetchError, FetchFailure
from watcher.net.http11 import Body, Broken, Head, head_length, read_head
from watcher.net.tls import Tls

# Of one head, and of all heads of one answer, interim ones among them.
MOST_HEAD_BYTES = 64 * 1024
MOST_HEADS_BYTES = 128 * 1024
MOST_HEAD_LINES = 256
MOST_DIALLED = 8
# RFC 8305, 5: the next address gets its chance after a quarter of a second.
DIAL_DELAY = 0.25
_BUFFERED = 128 * 1024


@dataclass(slots=True, kw_only=True)
class Meter:
    """What one exchange may use and has used. `name` is how errors call the peer; `addresses` what may be dialled.

    `alone`: the exchange neither uses a kept connection nor leaves one. `received` counts bytes on the wire.
    """

    name: str
    addresses: tuple[str, ...]
    most_bytes: int
    alone: bool = False
    received: int = 0
    connected: bool = False
    sent: bool = False

    def check(self) -> None:
        """Raises FetchError if the peer has sent more than it may."""
        if self.received > self.most_bytes:
            raise FetchError(FetchFailure.TOO_LARGE, f"{self.name} sent more than {self.most_bytes} bytes", sent=True)


class Wire(asyncio.Protocol):
    """One connection: what asyncio delivers on one side, one answer at a time on the other.

    Between two exchanges nobody is served: a byte that comes then is the answer to nothing, and ends the connection.
    """

    def __init__(self) -> None:
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._incoming = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._paused = False
        self._meter: Meter | None = None
        self._layers: list[Tls] = []  # outermost first: TLS to a proxy, TLS to the peer

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # asyncio's promise for TCP

    def data_received(self, data: bytes) -> None:
        if self._layers and not (data := self._decrypted(data)):
            return
        if self._meter is None:
            self.abort()
            return
        self._meter.received += len(data)
        self._incoming += data
        if len(self._incoming) > _BUFFERED and self._transport is not None:
            self._transport.pause_reading()
            self._paused = True
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = self._error or exc
        self._wake()

    # what an exchange calls

    @property
    def is_open(self) -> bool:
        return not self._ended

    def begin(self, meter: Meter) -> None:
        """From now on what comes in is counted by this meter."""
        self._meter = meter

    def end(self) -> bool:
        """The exchange is over; whether another may follow: nothing came in beyond its answer."""
        self._meter = None
        self._resume()
        return not self._ended and not self._incoming

    def write(self, data: bytes) -> None:
        """Send it, without waiting until it is gone: a peer may answer before it has read everything."""
        if self._transport is None or self._ended or self._transport.is_closing():
            raise httpx.WriteError("the connection is closed")
        self._send(data, len(self._layers))

    async def read_head(self, meter: Meter, *, method: str) -> Head:
        """The head of the answer, those of interim answers passed over. Raises FetchError, Broken, httpx.ReadError."""
        seen = bytes_before = lines_before = 0
        while True:
            length = head_length(self._incoming, seen)
            seen = len(self._incoming)
            size = length or seen
            lines = lines_before + self._incoming.count(b"\n", 0, size)
            if size > MOST_HEAD_BYTES or bytes_before + size > MOST_HEADS_BYTES or lines > MOST_HEAD_LINES:
                raise FetchError(FetchFailure.TOO_LARGE, f"{meter.name} sent a head without end", sent=True)
            if not length:
                if not await self._more(seen, meter):
                    raise Broken("no whole head")
                continue
            head = read_head(bytes(self._incoming[:length]), method=method)
            del self._incoming[:length]
            if not head.is_interim:
                return head
            seen, bytes_before, lines_before = 0, bytes_before + length, lines

    async def read_piece(self, body: Body, meter: Meter) -> bytes:
        """The next piece of the body, b"" once it is whole. Raises FetchError, Broken, httpx.ReadError."""
        while (piece := body.take(self._incoming)) is None:
            if not await self._more(len(self._incoming), meter):
                body.end()
        return piece

    async def start_tls(self, context: ssl.SSLContext, name: str, meter: Meter) -> None:
        """Prove that the peer is `name`, and speak in private from now on. Raises FetchError(TLS)."""
        if self._incoming:
            raise FetchError(FetchFailure.TLS, f"{meter.name} spoke before the TLS handshake")
        layer = Tls(context, name)
        try:
            while not layer.shake(self._taken()):
                self.write(layer.to_send())
                if not await self._more(0, meter):
                    raise FetchError(FetchFailure.TLS, f"{meter.name} hung up during the TLS handshake")
            self.write(layer.to_send())
            self._layers.append(layer)
            self._incoming += layer.decrypt(b"")
        except ssl.SSLCertVerificationError as error:
            raise FetchError(FetchFailure.TLS, f"{meter.name}: {error.verify_message}") from error
        except (ssl.SSLError, httpx.NetworkError) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            raise FetchError(FetchFailure.TLS, f"{meter.name} failed to agree on TLS: {reason}") from error
        meter.received = 0  # of the answer, nothing

    def abort(self) -> None:
        """At once: all that was wanted has come or never will, and TLS's farewell could be waited for forever."""
        self._ended = True
        if self._transport is not None:
            self._transport.abort()

    def _decrypted(self, data: bytes) -> bytes:
        try:
            for depth, layer in enumerate(self._layers):
                data = layer.decrypt(data)
                self._send(layer.to_send(), depth)  # what TLS itself has to say
                if layer.is_over:
                    self.eof_received()
        except ssl.SSLError as error:
            self.abort()
            self.connection_lost(error)
            return b""
        return data

    def _send(self, data: bytes, depth: int) -> None:
        """Send it through so many of the layers."""
        for layer in reversed(self._layers[:depth]):
            data = layer.encrypt(data)
        if data and self._transport is not None:
            self._transport.write(data)

    def _taken(self) -> bytes:
        data = bytes(self._incoming)
        self._incoming.clear()
        return data

    async def _more(self, seen: int, meter: Meter) -> bool:
        """Wait until more than `seen` bytes have come in; False if the peer hung up instead."""
        meter.check()
        if len(self._incoming) == seen and not self._ended:
            self._resume()
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
            meter.check()
        if len(self._incoming) > seen:
            return True
        if self._error is not None:
            raise httpx.ReadError(str(self._error)) from self._error
        return False

    def _resume(self) -> None:
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


async def dial(addresses: Sequence[str], port: int) -> Wire:
    """A connection to the first address that answers, each started a little after the one before (RFC 8305).

    Raises OSError if none does.
    """
    if len(addresses) == 1:
        return await _connect(addresses[0], port)
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
            result.abort()
