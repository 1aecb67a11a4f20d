"""The address of the metrics: what it answers, and what a rude client can do to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.patience import HANGS
from watcher.errors import WatcherError
from watcher.web.listening import serving_metrics
from watcher.web.metrics import metrics_app


@asynccontextmanager
async def serving(port: int = 0, *hosts: str) -> AsyncIterator[int]:
    app = metrics_app(lambda: b"watcher_polls_total 3\n", hosts=hosts)
    async with serving_metrics("127.0.0.1", port, app, stop=asyncio.Event()) as taken:
        yield taken


async def ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(), HANGS)
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    ("request_line", "status", "body"),
    [
        (b"GET /metrics HTTP/1.1", b"200 OK", b"watcher_polls_total 3\n"),
        (b"GET /metrics?x=1 HTTP/1.0", b"200 OK", b"watcher_polls_total 3\n"),
        (b"HEAD /metrics HTTP/1.1", b"200 OK", b""),
        (b"GET /../etc/passwd HTTP/1.1", b"404 Not Found", b"not found\n"),
        (b"POST /metrics HTTP/1.1", b"405 Method Not Allowed", b"GET or HEAD\n"),
        (b"nonsense", b"400 Bad Request", b"Invalid HTTP request received."),
    ],
)
async def test_it_answers_what_it_has_and_nothing_else(request_line: bytes, status: bytes, body: bytes) -> None:
    """One page; everything else is refused with the right status, and the connection ends."""
    async with serving() as port:
        answer = await ask(port, request_line + b"\r\nHost: localhost:9464\r\n\r\n")
    head, _, content = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert content == body


@pytest.mark.parametrize("host", [b"evil.example", b"127.0.0.1.evil.example", b"evil.example\r\nHost: localhost"])
async def test_it_answers_to_its_own_names_only(host: bytes) -> None:
    """A page of another site, whose name was rebound to this address, reads nothing."""
    async with serving(0, "news.example") as port:
        refused = await ask(port, b"GET /metrics HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        served = await ask(port, b"GET /metrics HTTP/1.1\r\nHost: News.example:80\r\n\r\n")
    if host.count(b"\n"):
        assert refused.startswith(b"HTTP/1.1 400 ")  # two names: not HTTP
    else:
        assert refused.startswith(b"HTTP/1.1 403 ")
        assert b"content-security-policy: default-src 'none'; " in refused.lower()
    assert b"watcher_polls" not in refused
    assert served.startswith(b"HTTP/1.1 200 ")


async def test_rude_clients_cost_nothing() -> None:
    """Endless headers and early ends close one connection; the next client is served."""
    async with serving() as port:
        assert b"watcher" not in await ask(port, b"GET /metrics HTTP/1.1\r\n" + b"X: " + b"y" * 100_000)
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        silent = await asyncio.open_connection("127.0.0.1", port)
        assert b"watcher_polls_total" in await ask(port, b"GET /metrics HTTP/1.0\r\n\r\n")
        silent[1].close()


async def test_a_taken_port_is_a_sentence() -> None:
    """Two daemons on one port: the second says so, and where."""
    async with serving() as port:
        with pytest.raises(WatcherError, match=f"cannot listen on 127.0.0.1:{port}"):
            async with serving(port):
                pytest.fail("it listens twice")
