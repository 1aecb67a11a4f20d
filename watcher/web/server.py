"""A small HTTP/1.1 server for pages rendered in memory: GET and HEAD, one response per connection, all limited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from watcher.errors import WatcherError

_HEAD_LIMIT = 8 << 10
_TIMEOUT_SECONDS = 5.0  # for the request and its response
_MAX_CONNECTIONS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A response with status 200."""

    content_type: str
    body: bytes


@asynccontextmanager
async def serving(host: str, port: int, pages: Mapping[str, Callable[[], Page]]) -> AsyncIterator[int]:
    """Serves `pages` (path -> page) and yields the port. Raises WatcherError if it cannot listen."""
    connections = asyncio.Semaphore(_MAX_CONNECTIONS)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with connections, asyncio.timeout(_TIMEOUT_SECONDS):
                writer.write(_respond(await reader.readuntil(b"\r\n\r\n"), pages))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a client that disconnects, stalls or sends too much only loses its connection
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(handle, host, port, limit=_HEAD_LIMIT)
    except OSError as error:
        raise WatcherError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def _respond(head: bytes, pages: Mapping[str, Callable[[], Page]]) -> bytes:
    method, path = (*head.split(b"\r\n", 1)[0].decode("latin-1").split(" "), "", "")[:2]
    render = pages.get(path.partition("?")[0])
    if method not in ("GET", "HEAD"):
        return _response("405 Method Not Allowed", Page(content_type="text/plain", body=b"GET or HEAD\n"))
    if render is None:
        return _response("404 Not Found", Page(content_type="text/plain", body=b"not found\n"))
    return _response("200 OK", render(), with_body=method == "GET")


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
