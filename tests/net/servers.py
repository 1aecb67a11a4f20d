"""Raw TCP servers on loopback that behave as badly as a test wants, and clients that reach them. No assertions here."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from watcher.net import Client, NetSettings, Purpose, Request
from watcher.net.client import default_tls

HOME = "127.0.0.1"
# Seconds. Measured: 0.02 on an idle machine; what is promised is 0.1; the rest is for a crowded test machine.
LONGEST_STALL = 0.3
PATIENCE = timedelta(seconds=60)  # of requests and conditions that a test does not expect to time out
TLS = default_tls()  # takes 50 ms to make


@dataclass(slots=True)
class Peer:
    """One server: its port, the heads of the requests it got, and how many connections it accepted."""

    host: str
    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [head.split(b" ", 2)[1].decode() for head in self.heads]

    def header(self, name: str, request: int = -1) -> str | None:
        """The value of a header of one request, None if it was not sent."""
        for line in self.heads[request].decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None


@dataclass(frozen=True, slots=True)
class Line:
    """One accepted connection, as a handler sees it."""

    peer: Peer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> str:
        """Wait for a request's head, note it, read its body, and return its path."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.peer.heads.append(head)
        length = self.peer.header("content-length")
        if length:
            await self.reader.readexactly(int(length))
        return head.split(b" ", 2)[1].decode()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


Handler = Callable[[Line], Awaitable[None]]


@asynccontextmanager
async def serving(
    handler: Handler, *, host: str = HOME, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Peer]:
    """A server that calls `handler` for each connection, and closes it when the handler returns."""
    peer, tasks = Peer(host=host), set[asyncio.Task[None]]()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await handler(Line(peer, reader, writer))
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.connections += 1
        task = asyncio.create_task(handle(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, host, port, ssl=tls)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answer(body: bytes = b"", *, status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """A well-formed response."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def replying(replies: Mapping[str, bytes] | bytes) -> Handler:
    """A handler that answers each path with fixed bytes, over kept connections; 404 elsewhere."""

    async def handle(line: Line) -> None:
        while True:
            path = await line.request()
            await line.send(replies if isinstance(replies, bytes) else replies.get(path, answer(status=404)))

    return handle


def redirecting(location: str, status: int = 302) -> bytes:
    return answer(b"moved", status=status, headers={"Location": location})


@dataclass(slots=True)
class Names:
    """A resolver whose answers a test writes; each further question for a name gets the next of its answers."""

    answers: dict[str, list[Sequence[str]]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        known = self.answers.get(host)
        if not known:
            raise OSError("no such name")
        return known.pop(0) if len(known) > 1 else known[0]


class LoopClock:
    """The clock of the running event loop, which a test moves: what waits until a time is due then, on any machine.

    `frozen`: only the test moves it.
    """

    def __init__(self, *, frozen: bool = False) -> None:
        loop = asyncio.get_running_loop()
        begun, real = loop.time(), loop.time
        self._read: Callable[[], float] = (lambda: begun) if frozen else real
        self._moved = 0.0
        loop.time = self  # type: ignore[method-assign] # the clock of its timers

    def __call__(self) -> float:
        return self._read() + self._moved

    def forward(self, time: timedelta) -> None:
        self._moved += time.total_seconds()


def client(*trusted: str, resolver: Names | None = None, tls: ssl.SSLContext | None = None, **settings: Any) -> Client:
    """A client without pauses that trusts these URLs' origins, and has the clock of the running loop."""
    settings = {"pause": timedelta(0), **settings}
    return Client(
        NetSettings(**settings),
        trusted_origins=trusted,
        resolver=resolver or Names({}),
        clock=lambda: asyncio.get_running_loop().time(),
        tls=tls or TLS,
    )


def feed(url: str, **more: Any) -> Request:
    """A request whose URL the operator wrote."""
    return Request(**{"url": url, "purpose": Purpose.FEED, "operator": True, "timeout": PATIENCE, **more})


def page(url: str, **more: Any) -> Request:
    """A request for a link in a public feed."""
    return Request(**{"url": url, "purpose": Purpose.PAGE, "timeout": PATIENCE, **more})


def alert(url: str, body: bytes = b"{}", **more: Any) -> Request:
    """A request that sends an alert to an address that the operator wrote."""
    values = {"url": url, "purpose": Purpose.ALERT, "method": "POST", "body": body, "operator": True}
    return Request(**{**values, "timeout": PATIENCE, **more})


async def until(condition: Callable[[], object], *, seconds: float = 60) -> None:
    """Wait until the condition holds; TimeoutError if it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the conditions are plain values of many kinds
            await asyncio.sleep(0.005)


@asynccontextmanager
async def watched_loop() -> AsyncIterator[list[float]]:
    """Collects how long the event loop worked before it let a waiting task go on, in seconds of its own processor time:
    what else the machine does is not counted."""
    stalls = [0.0]

    async def watch() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.002)
            stalls.append(time.thread_time() - before)

    task = asyncio.create_task(watch())
    try:
        yield stalls
    finally:
        task.cancel()
