"""httpx's transport over connections of our own: one is kept where another request may follow, and closed unused.

    httpx.Request ─▶ HostPools ─▶ Wire ─▶ httpx.Response

How many requests run at once is politeness' matter; how many connections lie idle is this one's.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx

from watcher.errors import FetchError, FetchFailure
from watcher.net.http11 import Broken, Head, write_request
from watcher.net.wire import Meter, Wire, dial

KEEP = 15.0
MOST_IDLE = 256
METER = "watcher.meter"

_Key = tuple[str, bytes, int | None]
_PORTS = {"http": 80, "https": 443}


class HostPools(httpx.AsyncBaseTransport):
    """Sends each request over a kept connection to its origin, or a new one to the addresses of its meter.

    The meter travels in the request's extensions, as `METER`. `proxy` is a URL or "". `tls` makes the context when
    the first https is spoken: it takes 16 ms.
    """

    def __init__(self, *, proxy: str, tls: Callable[[], ssl.SSLContext]) -> None:
        self._proxy = _Proxy.read(proxy) if proxy else None
        self._tls = tls
        self._idle: dict[_Key, list[Wire]] = {}
        self._oldest_first: dict[Wire, _Key] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange, to be ended by closing the response. Raises httpx.TransportError, or FetchError with a reason.

        A GET that dies on a kept connection before a byte came back is sent once more: the peer had closed it.
        """
        meter: Meter = request.extensions[METER]
        url = request.url
        key = (url.scheme, url.raw_host, url.port)
        data = await self._written(request)
        wire = None if meter.alone else self._take(key)
        if wire is not None:
            try:
                return await self._exchange(wire, key, request, data, meter)
            except (httpx.RemoteProtocolError, httpx.NetworkError):
                if meter.received or request.method not in ("GET", "HEAD"):
                    raise
        wire = await self._connect(url, meter)
        return await self._exchange(wire, key, request, data, meter)

    async def aclose(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for wire in self._oldest_first:
            wire.abort()
        self._idle.clear()
        self._oldest_first.clear()

    # one exchange

    async def _written(self, request: httpx.Request) -> bytes:
        url, headers = request.url, request.headers.raw
        target = url.raw_path
        if self._proxy is not None and url.scheme == "http":
            target = b"http://" + url.netloc + target
            headers = [*headers, *self._proxy.headers]
        try:
            return write_request(request.method, target, headers, await request.aread())
        except ValueError as error:
            raise httpx.LocalProtocolError(str(error)) from error

    async def _exchange(
        self, wire: Wire, key: _Key, request: httpx.Request, data: bytes, meter: Meter
    ) -> httpx.Response:
        try:
            wire.begin(meter)
            wire.write(data)
            meter.sent = True
            head = await wire.read_head(meter, method=request.method)
        except Broken as error:
            wire.abort()
            raise httpx.RemoteProtocolError(str(error)) from error
        except BaseException:
            wire.abort()
            raise
        stream = _Stream(self, wire, key, head, meter)
        return httpx.Response(head.status, headers=head.headers, stream=stream)

    async def _connect(self, url: httpx.URL, meter: Meter) -> Wire:
        proxy = self._proxy
        addresses, port = (meter.addresses, url.port or _PORTS[url.scheme])
        if proxy is not None:
            addresses, port = (proxy.url.host,), proxy.url.port or _PORTS[proxy.url.scheme]
        try:
            wire = await dial(addresses, port)
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            raise FetchError(FetchFailure.CONNECT, f"{meter.name} cannot be reached: {reason}") from error
        wire.begin(meter)
        try:
            if proxy is not None and proxy.url.scheme == "https":
                await wire.start_tls(self._tls(), proxy.url.host, meter)
            if proxy is not None and url.scheme == "https":
                await _tunnel(wire, proxy, url, meter)
            if url.scheme == "https":
                await wire.start_tls(self._tls(), url.raw_host.decode("ascii"), meter)
        except BaseException:
            wire.abort()
            raise
        meter.connected = True
        return wire

    # kept connections

    def _take(self, key: _Key) -> Wire | None:
        """The connection to this origin that was used last: the one that its peer is likeliest to hold open still."""
        wires = self._idle.get(key)
        while wires:
            wire = wires.pop()
            if not wires:
                del self._idle[key]
            del self._oldest_first[wire]
            if wire.is_open:
                return wire
        return None

    def keep(self, wire: Wire, key: _Key) -> None:
        """Keep a connection for another request to its origin, for `KEEP` seconds, if it is one of the latest."""
        wire.idle_since = time.monotonic()
        self._idle.setdefault(key, []).append(wire)
        self._oldest_first[wire] = key
        if len(self._oldest_first) > MOST_IDLE:
            self._close(next(iter(self._oldest_first)))
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(KEEP, self._sweep)

    def _sweep(self) -> None:
        """Close what was kept long enough, and come again when the next is due."""
        self._sweeping = None
        now = time.monotonic()
        for wire in list(self._oldest_first):
            left = wire.idle_since + KEEP - now
            if left > 0 and wire.is_open:
                self._sweeping = asyncio.get_running_loop().call_later(left, self._sweep)
                return
            self._close(wire)

    def _close(self, wire: Wire) -> None:
        wire.abort()
        key = self._oldest_first.pop(wire)
        wires = self._idle[key]
        wires.remove(wire)
        if not wires:
            del self._idle[key]


class _Stream(httpx.AsyncByteStream):
    """A response's raw bytes. Closing it gives the connection back if it is worth keeping, or ends it."""

    def __init__(self, pools: HostPools, wire: Wire, key: _Key, head: Head, meter: Meter) -> None:
        self._pools = pools
        self._wire: Wire | None = wire
        self._key = key
        self._head = head
        self._meter = meter

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._wire is None:
            raise httpx.StreamClosed
        try:
            piece = await self._wire.read_piece(self._head.body, self._meter)
        except Broken as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        wire, self._wire = self._wire, None
        if wire is None:
            return
        if wire.end() and self._head.body.done and self._head.keeps and not self._meter.alone:
            self._pools.keep(wire, self._key)
        else:
            wire.abort()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proxy:
    url: httpx.URL
    headers: list[tuple[bytes, bytes]]

    @classmethod
    def read(cls, text: str) -> _Proxy:
        proxy = httpx.Proxy(text)
        credentials = b":".join(proxy.raw_auth) if proxy.raw_auth else b""
        basic = b"Basic " + base64.b64encode(credentials)
        return cls(url=proxy.url, headers=[(b"Proxy-Authorization", basic)] if credentials else [])


async def _tunnel(wire: Wire, proxy: _Proxy, url: httpx.URL, meter: Meter) -> None:
    """Ask the proxy to pass everything on to the URL's host. Raises httpx.ProxyError if it will not."""
    target = b"%b:%d" % (url.netloc.rpartition(b":")[0] if url.port else url.netloc, url.port or _PORTS[url.scheme])
    wire.write(write_request("CONNECT", target, [(b"Host", target), *proxy.headers]))
    try:
        head = await wire.read_head(meter, method="CONNECT")
    except Broken as error:
        raise httpx.ProxyError(str(error)) from error
    if not 200 <= head.status < 300:
        raise httpx.ProxyError(f"the proxy answers {head.status}")
