"""A small HTTP/1.1 server for pages that are made in memory: GET and HEAD, one answer a connection, all bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from watcher.errors import WatcherError

_HEAD_LIMIT = 8 << 10
_PATIENCE = 5.0  # seconds for a request, and for taking its answer
_MOST_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer of status 200."""

    content_type: str
    body: bytes


@asynccontextmanager
async def serving(host: str, port: int, pages: Mapping[str, Callable[[], Page]]) -> AsyncIterator[int]:
    """Serves the pages, by their path, at an address; gives the port. Raises WatcherError if it cannot be had."""
    turns = asyncio.Semaphore(_MOST_AT_ONCE)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with turns, asyncio.timeout(_PATIENCE):
                writer.write(_answer(await reader.readuntil(b"\r\n\r\n"), pages))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the peer's affair
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(handle, host, port, limit=_HEAD_LIMIT)
    except OSError as error:
        raise WatcherError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def _answer(head: bytes, pages: Mapping[str, Callable[[], Page]]) -> bytes:
    method, path = (*head.split(b"\r\n", 1)[0].decode("latin-1").split(" "), "", "")[:2]
    make = pages.get(path.partition("?")[0])
    if method not in ("GET", "HEAD"):
        return _response("405 Method Not Allowed", Page(content_type="text/plain", body=b"GET or HEAD\n"))
    if make is None:
        return _response("404 Not Found", Page(content_type="text/plain", body=b"not here\n"))
    return _response("200 OK", make(), with_body=method == "GET")


def _response(status: str, page: Page, *, with_body: bool = True) -> bytes:
    lines = (
        f"HTTP/1.1 {status}",
        f"Content-Type: {page.content_type}",
        f"Content-Length: {len(page.body)}",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode() + (page.body if with_body else b"")
