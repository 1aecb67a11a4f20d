"""Serves pages and metrics on the event loop of the daemon: opens the socket, runs uvicorn, ends it in time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from watcher.config import WebConfig
from watcher.errors import WatcherError
from watcher.log import event
from watcher.web.protocol import LimitedProtocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp  # the metrics do without Starlette

log = logging.getLogger(__name__)

_BACKLOG = 128
_LARGEST_HEAD = 64 << 10
_GRACE_SECONDS = 1  # for open connections at the end


class _Server(uvicorn.Server):
    """A server without its own signal handlers: the daemon has them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving_pages(web: WebConfig, app: ASGIApp, *, stop: asyncio.Event) -> AsyncIterator[str]:
    """Serves `app` until the end of the context, or until `stop`; yields its address.

    Raises WatcherError if it cannot listen.
    """
    listener = _open(web)
    address = _address(listener)
    host, port = (str(web.socket), 0) if web.socket else listener.getsockname()[:2]
    try:
        async with _serving(listener, app, name="pages", stop=stop):
            log.info("pages at %s", address, extra=event("web.on", host=host, port=port))
            yield address
    finally:
        if web.socket:
            web.socket.unlink(missing_ok=True)


@asynccontextmanager
async def serving_metrics(host: str, port: int, app: ASGIApp, *, stop: asyncio.Event) -> AsyncIterator[int]:
    """Serves `app` until the end of the context, or until `stop`; yields its port.

    Raises WatcherError if it cannot listen.
    """
    try:
        listener = tcp_listener(host, port)
    except OSError as error:
        raise WatcherError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    async with _serving(listener, app, name="metrics", stop=stop):
        yield int(listener.getsockname()[1])


@asynccontextmanager
async def _serving(listener: socket.socket, app: ASGIApp, *, name: str, stop: asyncio.Event) -> AsyncIterator[None]:
    settings = uvicorn.Config(
        app,
        http=LimitedProtocol,
        ws="none",
        lifespan="off",
        loop="none",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        h11_max_incomplete_event_size=_LARGEST_HEAD,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(settings)
    serving = asyncio.create_task(server.serve(sockets=[listener]), name=name)
    ending = asyncio.create_task(_end(server, stop), name=f"end of {name}")
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        ending.cancel()
        listener.close()


async def _end(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True


def _open(web: WebConfig) -> socket.socket:
    try:
        return _unix_listener(web.socket) if web.socket else tcp_listener(*web.place)
    except OSError as error:
        place = str(web.socket) if web.socket else web.listen
        reason = error.strerror or str(error)
        raise WatcherError(
            f"cannot serve pages at {place}: {reason}; change [web] listen, or stop the program that uses it"
        ) from error


def tcp_listener(host: str, port: int) -> socket.socket:
    """Opens a socket that listens at an address."""
    # asyncio sets TCP_NODELAY on connections of sockets that name TCP, which those of socket.create_server do not;
    # without it every answer waits 40 ms for the acknowledgement of its head.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _unix_listener(path: Path) -> socket.socket:
    """Replaces the socket of a process that is gone; any other file stays, and is an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_abandoned(path):
            path.unlink()
        listener.bind(str(path))
        path.chmod(0o660)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _is_abandoned(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.stat().st_mode):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                return client.connect_ex(str(path)) != 0
    return False


def _address(listener: socket.socket) -> str:
    if listener.family == socket.AF_UNIX:
        return f"unix:{listener.getsockname()}"
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
