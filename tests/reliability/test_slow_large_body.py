"""A large body that drips keeps the place for large bodies for a while only."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.net.servers import Line, LoopClock, answer, client, feed, replying, serving, until
from watcher.errors import FetchError, FetchFailure
from watcher.net import bodies

READ = 16 * bodies.LARGE  # more than lies in the kernel's buffers: once it is sent, much of it was read
HOUR = timedelta(hours=1)


async def test_a_dripping_large_body_gives_up_its_place() -> None:
    """The next large body waits for that moment, not for the dripper's whole deadline."""
    has_place = asyncio.Event()

    async def drip(line: Line) -> None:
        await line.request()
        await line.send(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(READ))
        has_place.set()
        while True:
            await line.send(b"x")
            await asyncio.sleep(0.001)

    large = answer(bytes(2 * bodies.LARGE))
    async with serving(drip) as bad, serving(replying(large)) as good, client(bad.origin, good.origin) as net:
        clock = LoopClock()
        dripping = asyncio.create_task(net.fetch(feed(bad.origin, timeout=HOUR, max_bytes=2 * READ)))
        await has_place.wait()
        waiting = asyncio.create_task(net.fetch(feed(good.origin, timeout=HOUR)))
        await until(lambda: good.heads)
        clock.forward(timedelta(seconds=bodies.HOLD))
        assert len((await waiting).body) == 2 * bodies.LARGE
        with pytest.raises(FetchError, match="too slowly") as caught:
            await dripping
    assert caught.value.failure is FetchFailure.TIMEOUT
