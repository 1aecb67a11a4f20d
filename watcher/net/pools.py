"""httpx's transport over one small httpcore pool per origin.

One large pool would be scanned whole on every request: its cost is linear in its connections. An unused pool is closed
after `KEEP`, so that idle sockets do not pile up. Alerts have pools of their own that keep nothing: a connection that
the peer closed a moment ago would leave open whether an alert was taken.
"""

from __future__ import annotations

import ssl
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Self

import httpcore
import httpx

from watcher.net.wire import CURRENT, DialNumbers

KEEP = 15.0
MOST_POOLS = 512
LANE = "watcher.lane"
ALERTS = "alerts"

_Key = tuple[str, str, int | None, str]


@dataclass(slots=True)
class _Pool:
    core: httpcore.AsyncConnectionPool
    users: int = 0
    used_at: float = 0.0


class HostPools(httpx.AsyncBaseTransport):
    """Sends each request through its origin's pool. `at_once`: the most connections to one origin."""

    def __init__(self, *, at_once: int, proxy: str, tls: ssl.SSLContext) -> None:
        self._at_once = at_once
        self._proxy = _proxy(proxy) if proxy else None
        self._tls = tls
        self._pools: OrderedDict[_Key, _Pool] = OrderedDict()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        lane = str(request.extensions.get(LANE, ""))
        key = (url.scheme, url.host, url.port, lane)
        await self._close_unused()
        pool = self._pools.get(key) or self._open(key)
        self._pools.move_to_end(key)
        pool.users += 1
        try:
            response = await pool.core.handle_async_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                )
            )
        except BaseException:
            self._leave(pool)
            raise
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response, partial(self._leave, pool))
        )

    async def aclose(self) -> None:
        while self._pools:
            _, pool = self._pools.popitem()
            await pool.core.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    def _open(self, key: _Key) -> _Pool:
        pool = _Pool(
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls,
                proxy=self._proxy,
                max_connections=self._at_once,
                max_keepalive_connections=0 if key[-1] == ALERTS else self._at_once,
                keepalive_expiry=KEEP,
                network_backend=DialNumbers(),
            )
        )
        self._pools[key] = pool
        return pool

    async def _close_unused(self) -> None:
        """The pools are in the order of their last use, so the look stops at the first that is wanted."""
        latest = time.monotonic() - KEEP
        for key, pool in list(islice(self._pools.items(), 2)):
            if pool.users == 0 and (pool.used_at < latest or len(self._pools) >= MOST_POOLS):
                del self._pools[key]
                await pool.core.aclose()

    @staticmethod
    def _leave(pool: _Pool) -> None:
        pool.users -= 1
        pool.used_at = time.monotonic()


class _Body(httpx.AsyncByteStream):
    """A response's raw bytes; tells its pool when it is closed."""

    def __init__(self, response: httpcore.Response, on_close: Callable[[], None]) -> None:
        self._response = response
        self._on_close = on_close
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._response.aiter_stream():
            size += len(chunk)
            yield chunk
        chunked = any(name.lower() == b"transfer-encoding" for name, _ in self._response.headers)
        CURRENT.get().end(size, chunked=chunked)

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            await self._response.aclose()
        finally:
            self._on_close()


def _proxy(url: str) -> httpcore.Proxy:
    """httpcore wants the credentials apart from the address."""
    parsed = httpx.Proxy(url)
    port = parsed.url.port
    return httpcore.Proxy(
        httpcore.URL(scheme=parsed.url.raw_scheme, host=parsed.url.raw_host, port=port, target=b"/"),
        auth=parsed.raw_auth,
    )
