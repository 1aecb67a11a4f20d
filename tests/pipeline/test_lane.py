"""A lane drained beside the one that feeds it."""

from __future__ import annotations

import asyncio

from watcher.pipeline.lane import Lane


async def test_a_drain_ends_when_its_feeder_ends_during_a_claim() -> None:
    """The feeder's last moment may fall into a claim that finds nothing; the drain must not wait for a kick then."""
    feeder_may_end = asyncio.Event()
    feeder = asyncio.create_task(_until(feeder_may_end))

    async def claim(_limit: int) -> list[int]:
        feeder_may_end.set()
        await feeder
        return []

    lane = Lane[int]("test", width=2, claim=claim, handle=_nothing)
    await asyncio.wait_for(lane.drain(feeder=feeder), 2)


async def test_a_drain_takes_what_the_feeder_brings_at_last() -> None:
    """Work that appears while the feeder ends is still taken."""
    left, taken = [1, 2, 3], []
    feeder = asyncio.create_task(asyncio.sleep(0.01))

    async def claim(limit: int) -> list[int]:
        if not feeder.done():
            return []
        pieces = left[:limit]
        del left[:limit]
        return pieces

    async def take(piece: int) -> None:
        taken.append(piece)

    await asyncio.wait_for(Lane[int]("test", width=2, claim=claim, handle=take).drain(feeder=feeder), 2)
    assert taken == [1, 2, 3]


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _nothing(_piece: int) -> None:
    return
