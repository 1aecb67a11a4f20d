"""The small HTTP server: what it answers, and what a rude client can do to it."""

from __future__ import annotations

import asyncio

import pytest

from tests.patience import HANGS
from watcher.errors import WatcherError
from watcher.web.server import Page, serving

PAGES = {"/metrics": lambda: Page(content_type="text/plain", body=b"watcher_polls_total 3\n")}


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
        (b"nonsense", b"405 Method Not Allowed", b"GET or HEAD\n"),
    ],
)
async def test_it_answers_what_it_has_and_nothing_else(request_line: bytes, status: bytes, body: bytes) -> None:
    """One page; everything else is refused with the right status, and the connection ends."""
    async with serving("127.0.0.1", 0, PAGES) as port:
        answer = await ask(port, request_line + b"\r\nHost: localhost:9464\r\n\r\n")
    head, _, content = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert content == body


@pytest.mark.parametrize("host", [b"evil.example", b"127.0.0.1.evil.example", b"evil.example\r\nHost: localhost"])
async def test_it_answers_to_its_own_names_only(host: bytes) -> None:
    """A page of another site, whose name was rebound to this address, reads nothing."""
    async with serving("127.0.0.1", 0, PAGES, hosts=("news.example",)) as port:
        refused = await ask(port, b"GET /metrics HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        served = await ask(port, b"GET /metrics HTTP/1.1\r\nHost: News.example:80\r\n\r\n")
    assert refused.startswith(b"HTTP/1.1 403 ")
    assert b"watcher_polls" not in refused
    assert b"Content-Security-Policy: default-src 'none'; " in refused
    assert served.startswith(b"HTTP/1.1 200 ")


async def test_rude_clients_cost_nothing() -> None:
    """Endless headers and early ends close one connection; the next client is served."""
    async with serving("127.0.0.1", 0, PAGES) as port:
        assert await ask(port, b"GET /metrics HTTP/1.1\r\n" + b"X: " + b"y" * 20_000) == b""
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        silent = await asyncio.open_connection("127.0.0.1", port)
        assert b"watcher_polls_total" in await ask(port, b"GET /metrics HTTP/1.1\r\n\r\n")
        silent[1].close()


async def test_a_taken_port_is_a_sentence() -> None:
    """Two daemons on one port: the second says so, and where."""
    async with serving("127.0.0.1", 0, PAGES) as port:
        with pytest.raises(WatcherError, match=f"cannot listen on 127.0.0.1:{port}"):
            async with serving("127.0.0.1", port, PAGES):
                pytest.fail("it listens twice")
