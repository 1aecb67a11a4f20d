"""Connections that nobody uses any more are closed."""

from __future__ import annotations

import asyncio

import pytest

from tests.net.servers import Line, answer, client, feed, replying, serving
from watcher.net import pools


@pytest.mark.parametrize(("name", "value"), [("KEEP", 0.0), ("MOST_IDLE", 1)])
async def test_unused_connections_are_closed(monkeypatch: pytest.MonkeyPatch, name: str, value: float) -> None:
    """The connections to one origin are closed once they are old or too many, while requests go elsewhere."""
    monkeypatch.setattr(pools, name, value)
    closed = asyncio.Event()

    async def handle(line: Line) -> None:
        await line.request()
        await line.send(answer(b"ok"))
        await line.reader.read()
        closed.set()

    async with serving(handle) as old, serving(replying(answer(b"ok"))) as new, client(old.origin, new.origin) as net:
        await net.fetch(feed(old.origin))
        await net.fetch(feed(new.origin))
        await asyncio.wait_for(closed.wait(), 5)


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
        await asyncio.wait_for(closed.wait(), 5)
