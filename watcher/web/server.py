"""A small HTTP/1.1 server for pages rendered in memory: GET and HEAD, one response per connection, all limited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from watcher.errors import WatcherError
from watcher.web.headers import SECURITY_HEADERS
from watcher.web.hosts import is_own_host

_HEAD_LIMIT = 8 << 10
_TIMEOUT_SECONDS = 5.0  # for the request and its response
_MAX_CONNECTIONS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A response with status 200."""

    content_type: str
    body: bytes


@asynccontextmanager
async def serving(
    host: str, port: int, pages: Mapping[str, Callable[[], Page]], *, hosts: Collection[str] = ()
) -> AsyncIterator[int]:
    """Serves `pages` (path -> page) and yields the port. Raises WatcherError if it cannot listen.

    Requests whose `Host` is neither a loopback name, nor the address itself, nor one of `hosts` are refused.
    """
    connections = asyncio.Semaphore(_MAX_CONNECTIONS)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with connections, asyncio.timeout(_TIMEOUT_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                address = writer.get_extra_info("sockname")[0]
                writer.write(_respond(head, pages, is_ours=_is_own(head, hosts, address)))
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


def _is_own(head: bytes, hosts: Collection[str], address: str) -> bool:
    """Returns whether every `Host` of the request is one of this server; programs may leave it out."""
    fields = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    named = [value.strip().decode("latin-1") for name, _, value in fields if name.strip().lower() == b"host"]
    return all(is_own_host(name, hosts=hosts, address=address) for name in named)


def _respond(head: bytes, pages: Mapping[str, Callable[[], Page]], *, is_ours: bool) -> bytes:
    method, path = (*head.split(b"\r\n", 1)[0].decode("latin-1").split(" "), "", "")[:2]
    render = pages.get(path.partition("?")[0])
    if not is_ours:
        return _response("403 Forbidden", Page(content_type="text/plain", body=b"this is not the host that you name\n"))
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
        *(f"{name}: {value}" for name, value in SECURITY_HEADERS.items()),
        "Cache-Control: no-store",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode() + (page.body if with_body else b"")
