"""Connections: when they are kept, used again and closed, and when a request is sent a second time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import ModuleType

import pytest
from aiohttp.client_proto import ResponseHandler

from tests.net.servers import Line, LoopClock, alert, answer, client, feed, replying, serving
from watcher.errors import FetchError, FetchFailure
from watcher.net import connection, transport


@pytest.mark.parametrize(
    ("module", "name", "value"), [(transport, "KEPT_SECONDS", 0.05), (connection, "MOST_IDLE", 1)], ids=["old", "many"]
)
async def test_unused_connections_are_closed(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, value: float
) -> None:
    """The connections to one origin are closed once they are old or too many, while requests go elsewhere."""
    monkeypatch.setattr(module, name, value)
    closed = asyncio.Event()

    async def handle(line: Line) -> None:
        await line.request()
        await line.send(answer(b"ok"))
        await line.reader.read()
        closed.set()

    async with serving(handle) as old, serving(replying(answer(b"ok"))) as new, client(old.origin, new.origin) as net:
        await net.fetch(feed(old.origin))
        await net.fetch(feed(new.origin))
        await asyncio.wait_for(closed.wait(), 60)


async def test_closing_the_client_closes_everything() -> None:
    """After `aclose` no connection is left."""
    closed = asyncio.Event()

    async def handle(line: Line) -> None:
        await line.request()
        await line.send(answer(b"ok"))
        await line.reader.read()
        closed.set()

    async with serving(handle) as peer:
        async with client(peer.origin) as net:
            await net.fetch(feed(peer.origin))
        await asyncio.wait_for(closed.wait(), 60)


async def test_a_stale_connection_is_mended_by_a_new_one() -> None:
    """A GET that dies on a kept connection is sent on a new one, not on another that may be as stale."""
    first, both = asyncio.Event(), asyncio.Event()

    async def handle(line: Line) -> None:
        fresh = peer.connections <= 2
        await line.request()
        if fresh:  # the first two answer once, both at the same time, and hang up on the next request
            (both if first.is_set() else first).set()
            await both.wait()
        await line.send(answer(b"ok"))
        await line.request()

    async with serving(handle) as peer, client(peer.origin) as net:
        await asyncio.gather(*(net.fetch(feed(peer.origin)) for _ in range(2)))
        assert (await net.fetch(feed(peer.origin))).body == b"ok"
    assert (peer.connections, len(peer.heads)) == (3, 4)


async def test_what_comes_unasked_ends_a_connection() -> None:
    """A connection on which a server sends data without a request is closed, and the data is never an answer."""
    asked, closed = asyncio.Event(), asyncio.Event()

    async def handle(line: Line) -> None:
        await line.request()
        await line.send(answer(b"right"))
        await asked.wait()
        await line.send(answer(b"smuggled"))
        await line.reader.read()
        closed.set()

    async with serving(handle) as peer, client(peer.origin) as net:
        assert (await net.fetch(feed(peer.origin))).body == b"right"
        asked.set()
        await asyncio.wait_for(closed.wait(), 60)
        assert (await net.fetch(feed(peer.origin))).body == b"right"
    assert peer.connections == 2


@pytest.mark.parametrize("head", [b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n"])
async def test_connections_that_end_are_not_kept(head: bytes) -> None:
    """HTTP/1.0, and a peer that says that it closes, get a new connection for each request."""
    reply = head + b"Content-Length: 2\r\n\r\nok"
    async with serving(replying(reply)) as peer, client(peer.origin) as net:
        for _ in range(2):
            assert (await net.fetch(feed(peer.origin))).body == b"ok"
    assert peer.connections == 2


async def test_a_large_body_leaves_its_connection_alive() -> None:
    """After a body larger than what is held back at once the same connection serves the next request."""
    async with serving(replying(answer(bytes(3_000_000)))) as peer, client(peer.origin) as net:
        for _ in range(3):
            assert len((await net.fetch(feed(peer.origin))).body) == 3_000_000
    assert peer.connections == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
async def test_a_request_on_a_new_connection_is_never_sent_twice(method: str) -> None:
    """Whatever its method, a request that the server read and did not answer is an error that says that it was sent."""

    async def hangs_up(line: Line) -> None:
        await line.request()

    async with serving(hangs_up) as peer, client(peer.origin) as net:
        for make in (feed, alert):
            with pytest.raises(FetchError) as caught:
                await net.fetch(make(peer.origin, method=method, body=b""))
            assert caught.value.sent
    assert len(peer.heads) == peer.connections == 2


@pytest.mark.parametrize("last", [b"HTTP/1.1 200 OK\r\nX", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
async def test_a_request_with_half_an_answer_is_not_sent_twice(last: bytes) -> None:
    """A GET on a kept connection that brought a part of its answer is an error: the connection was not stale."""

    async def handle(line: Line) -> None:
        await line.request()
        await line.send(answer(b"ok"))
        await line.request()
        await line.send(last)

    async with serving(handle) as peer, client(peer.origin) as net:
        await net.fetch(feed(peer.origin))
        with pytest.raises(FetchError) as caught:
            await net.fetch(feed(peer.origin))
    assert caught.value.failure is FetchFailure.BAD_RESPONSE
    assert (peer.connections, len(peer.heads)) == (1, 2)


async def test_only_reading_requests_are_sent_again() -> None:
    """A POST on a kept connection that the server had closed is an error, which says that it may have been sent."""

    async def handle(line: Line) -> None:
        await line.request()
        await line.send(answer(b"ok"))
        await line.request()

    async with serving(handle) as peer, client(peer.origin) as net:
        await net.fetch(feed(peer.origin))
        with pytest.raises(FetchError) as caught:
            await net.fetch(feed(peer.origin, method="POST", body=b"{}"))
    assert caught.value.sent
    assert (peer.connections, len(peer.heads)) == (1, 2)


async def test_a_server_that_reads_nothing_delays_no_end() -> None:
    """A fetch with a large body to a server that does not read it ends with its deadline, and the client closes."""

    async def deaf(line: Line) -> None:
        await line.reader.readuntil(b"\r\n\r\n")
        line.writer.transport.pause_reading()  # type: ignore[attr-defined] # a transport that reads, too
        LoopClock().forward(timedelta(hours=1))
        await asyncio.Event().wait()

    async with serving(deaf) as peer, client(peer.origin) as net:
        with pytest.raises(FetchError) as caught:
            await net.fetch(alert(peer.origin, bytes(30_000_000)))
        assert caught.value.failure is FetchFailure.TIMEOUT
        assert caught.value.sent


async def test_a_server_may_answer_before_it_has_read_the_request() -> None:
    """An answer that comes while the body is still being sent is taken."""

    async def hasty(line: Line) -> None:
        await line.reader.readuntil(b"\r\n\r\n")
        await line.send(answer(b"too large", status=413))
        while await line.reader.read(65536):
            pass

    async with serving(hasty) as peer, client(peer.origin) as net:
        assert (await net.fetch(alert(peer.origin, bytes(3_000_000)))).status == 413


async def test_a_connection_without_limits_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """If aiohttp does not make the room's own kind of connection any more, nothing is sent."""
    monkeypatch.setattr(transport, "_new_connection", lambda loop, idle, proxied: ResponseHandler(loop))
    async with serving(replying(answer(b"ok"))) as peer, client(peer.origin) as net:
        with pytest.raises(RuntimeError, match="without limits"):
            await net.fetch(feed(peer.origin))
    assert peer.heads == []
