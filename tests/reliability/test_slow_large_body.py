"""A large body that drips keeps the place for large bodies for a while only."""

from __future__ import annotations

import asyncio

import pytest

from tests.net.servers import Line, answer, client, feed, replying, serving
from tests.patience import HANGS
from watcher.errors import FetchError, FetchFailure
from watcher.net import bodies


async def test_a_dripping_large_body_gives_up_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next large body waits for that moment, not for the dripper's whole deadline."""
    monkeypatch.setattr(bodies, "HOLD", 0.3)

    async def drip(line: Line) -> None:
        await line.request()
        await line.send(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(2 * bodies.LARGE))
        while True:
            await line.send(b"x")
            await asyncio.sleep(0.02)

    large = answer(bytes(2 * bodies.LARGE))
    async with serving(drip) as bad, serving(replying(large)) as good, client(bad.origin, good.origin) as net:
        dripping = asyncio.create_task(net.fetch(feed(bad.origin)))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(HANGS):
            assert len((await net.fetch(feed(good.origin))).body) == 2 * bodies.LARGE
        with pytest.raises(FetchError, match="too slowly") as caught:
            await dripping
    assert caught.value.failure is FetchFailure.TIMEOUT
