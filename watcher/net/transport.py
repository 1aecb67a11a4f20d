"""httpx's transport over aiohttp: names resolve to the addresses that the guard admitted, budgets limit the answers.

    httpx.AsyncClient ─▶ AiohttpTransport ─▶ aiohttp.ClientSession ─▶ _Connector ─▶ LimitedConnection

`politeness` decides how many requests run at once; this module decides how many idle connections are kept.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from functools import partial

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from multidict import CIMultiDict
from yarl import URL

from watcher.net.connection import MOST_HEAD_BYTES, MOST_HEAD_LINES, Budget, IdleConnections, LimitedConnection
from watcher.net.exchange import ResponseHead
from watcher.net.failures import fetch_error
from watcher.net.values import Resolver

BUDGET, HEAD = "watcher.budget", "watcher.head"
KEPT_SECONDS = 15.0
MOST_DIALLED = 8
# aiohttp pauses a connection at twice this size: asyncio reads so much at once, and most pages are shorter.
_READ_BUFFER = 128 * 1024

_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends each request over a kept connection to its origin, or a new one to the addresses of its budget.

    The request's extensions hold its Budget as `BUDGET`. `proxy` is a URL or "", `resolver` resolves the proxy's name.
    `tls` makes the context for the first https request.
    """

    def __init__(self, *, proxy: str, tls: Callable[[], ssl.SSLContext], resolver: Resolver) -> None:
        self._proxy = httpx.Proxy(proxy) if proxy else None
        self._proxy_credentials = _credentials(self._proxy)
        self._tls = tls
        self._resolver = _AdmittedAddresses(resolver if proxy else None)
        self._idle = IdleConnections()
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Makes one exchange, which ends when the response is closed. Raises FetchError.

        The response has no headers: httpx would parse a Location although it does not follow it, and fail for a bad
        one. The head is in its extensions, a `ResponseHead` as `HEAD`.

        A GET that fails on a kept connection before a byte came back is sent once more on a new one: the server had
        closed the kept one. Nothing else is sent twice.
        """
        budget: Budget = request.extensions[BUDGET]
        tls = request.url.scheme == "https" or self._speaks_tls_to_proxy
        token = _budget.set(budget)
        try:
            return await self._send_again_if_stale(request, budget, tls=tls)
        except _ConnectionFailed as error:
            raise fetch_error(error.cause, budget, tls=tls) from error.cause
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise fetch_error(error, budget, tls=tls) from error
        finally:
            _budget.reset(token)

    async def aclose(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    @property
    def _speaks_tls_to_proxy(self) -> bool:
        return self._proxy is not None and self._proxy.url.scheme == "https"

    async def _send_again_if_stale(self, request: httpx.Request, budget: Budget, *, tls: bool) -> httpx.Response:
        try:
            return await self._send(request, budget, tls=tls)
        except _ConnectionFailed as error:
            if not budget.reused or budget.received or request.method not in ("GET", "HEAD"):
                raise
            self._idle.close_all(error.key)  # they may be as stale
        return await self._send(request, budget, tls=tls)

    async def _send(self, request: httpx.Request, budget: Budget, *, tls: bool) -> httpx.Response:
        url = URL(str(request.url), encoded=True)
        if url.raw_host != request.url.raw_host.decode("ascii").strip("[]"):
            raise ValueError("two readings of one URL")
        headers = CIMultiDict(request.headers.multi_items())
        if request.url.scheme == "http":
            headers.update(self._proxy_credentials)
        response = await self._session(alone=budget.alone).request(
            request.method,
            url,
            headers=headers,
            skip_auto_headers=("Content-Type",) if request.method == "POST" else None,
            data=request.stream if headers.get("content-length", "0") != "0" else None,
            allow_redirects=False,
            ssl=self._tls() if tls else True,
            proxy_headers={"User-Agent": headers["user-agent"]} | self._proxy_credentials if self._proxy else None,
        )
        encodings = [value.lower() for value in response.headers.getall("Transfer-Encoding", ())]
        if encodings not in ([], ["chunked"]):
            response.close()
            raise aiohttp.ClientPayloadError("a transfer coding other than chunked")
        head = ResponseHead(response.version or (1, 1), response.status, response.reason or "", response.raw_headers)
        return httpx.Response(response.status, stream=_Stream(response, budget), extensions={HEAD: head})

    def _session(self, *, alone: bool) -> aiohttp.ClientSession:
        if alone not in self._sessions:
            self._sessions[alone] = aiohttp.ClientSession(
                connector=_Connector(self._idle, self._resolver, alone=alone, proxied=self._proxy is not None),
                proxy=str(self._proxy.url) if self._proxy else None,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(),  # the client has one deadline around everything
                middlewares=[_send_once],
                auto_decompress=False,
                read_bufsize=_READ_BUFFER,
                max_line_size=MOST_HEAD_BYTES,
                max_field_size=MOST_HEAD_BYTES,
                max_headers=MOST_HEAD_LINES,
            )
        return self._sessions[alone]


def _credentials(proxy: httpx.Proxy | None) -> dict[str, str]:
    if proxy is None or not proxy.raw_auth:
        return {}
    return {"Proxy-Authorization": "Basic " + base64.b64encode(b":".join(proxy.raw_auth)).decode("ascii")}


class _Stream(httpx.AsyncByteStream):
    """The raw body of a response. Closing it before its end closes the connection."""

    def __init__(self, response: aiohttp.ClientResponse, budget: Budget) -> None:
        self._response = response
        self._budget = budget

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise fetch_error(error, self._budget, tls=False) from error
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        self._response.close()


class _ConnectionFailed(Exception):
    """A connection failed before an answer was there."""

    def __init__(self, key: ConnectionKey, cause: Exception) -> None:
        super().__init__()
        self.key = key
        self.cause = cause


async def _send_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Hides failed connections from aiohttp, which would send GET and PUT again, even over a new connection."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise  # not sent
    except aiohttp.ClientConnectionError as error:
        raise _ConnectionFailed(request.connection_key, error) from error


class _AdmittedAddresses(AbstractResolver):
    """Answers with the addresses that the guard admitted; a proxy's name is asked of `proxy_resolver`."""

    def __init__(self, proxy_resolver: Resolver | None) -> None:
        self._proxy_resolver = proxy_resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        budget = _budget.get()
        addresses = budget.addresses if budget else ()
        if self._proxy_resolver is not None:
            addresses = tuple(await self._proxy_resolver(host, port))
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in addresses[:MOST_DIALLED]
        ]

    async def close(self) -> None:
        return


class _Connector(aiohttp.TCPConnector):
    """Gives each exchange a connection with its budget, and keeps the latest few connections that may be used again."""

    def __init__(self, idle: IdleConnections, resolver: AbstractResolver, *, alone: bool, proxied: bool) -> None:
        super().__init__(
            resolver=resolver,
            use_dns_cache=False,
            limit=0,
            force_close=alone,
            keepalive_timeout=None if alone else KEPT_SECONDS,
        )
        self._idle = idle
        self._factory = partial(_new_connection, asyncio.get_running_loop(), idle, proxied)

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        protocol, budget = connection.protocol, _budget.get()
        if not isinstance(protocol, LimitedConnection) or budget is None:
            connection.close()
            raise RuntimeError("aiohttp made a connection without limits")
        try:
            budget.permit()
        except BaseException:
            connection.close()
            raise
        budget.reused = self._idle.remove(protocol)
        budget.received, budget.sent = 0, True
        protocol.begin(budget)
        connection.add_callback(partial(self._keep, protocol, req.connection_key))
        return connection

    def _keep(self, protocol: LimitedConnection, key: ConnectionKey) -> None:
        protocol.end()
        if not (self.force_close or protocol.should_close):
            self._idle.add(protocol, key)


def _new_connection(loop: asyncio.AbstractEventLoop, idle: IdleConnections, proxied: bool) -> ResponseHandler:
    return LimitedConnection(loop, idle, _budget.get() if proxied else None)
