"""A lane drained beside the one that feeds it."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from tests.patience import HANGS
from watcher.errors import StateError
from watcher.runtime.runner import StepRunner


async def test_a_drain_ends_when_its_feeder_ends_during_a_claim() -> None:
    """The feeder's last moment may fall into a claim that finds nothing; the drain must not wait for a wake then."""
    feeder_may_end = asyncio.Event()
    feeder = asyncio.create_task(_until(feeder_may_end))

    async def claim(_limit: int) -> list[int]:
        feeder_may_end.set()
        await feeder
        return []

    lane = StepRunner[int]("test", width=2, claim=claim, handle=_nothing)
    await asyncio.wait_for(lane.drain(feeder=feeder), HANGS)


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

    await asyncio.wait_for(StepRunner[int]("test", width=2, claim=claim, handle=take).drain(feeder=feeder), HANGS)
    assert taken == [1, 2, 3]


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _nothing(_piece: int) -> None:
    return


# -- working ----------------------------------------------------------------------------------------------------------


class Pieces:
    """Work for a runner: numbers, each in progress until it is released; `most` is the largest number at once."""

    def __init__(self, count: int) -> None:
        self.left = list(range(count))
        self.done: list[int] = []
        self.in_hand = 0
        self.most = 0
        self.go = asyncio.Event()

    async def claim(self, limit: int) -> list[int]:
        pieces = self.left[:limit]
        del self.left[:limit]
        return pieces

    async def take(self, piece: int) -> None:
        self.in_hand += 1
        self.most = max(self.most, self.in_hand)
        try:
            await self.go.wait()
        finally:
            self.in_hand -= 1
        self.done.append(piece)


def lane_of(pieces: Pieces, *, width: int = 3) -> StepRunner[int]:
    return StepRunner[int]("test", width=width, claim=pieces.claim, handle=pieces.take)


async def working(lane: StepRunner[int]) -> asyncio.Task[None]:
    """The runner at work, woken once, everything that can start started."""
    task = asyncio.create_task(lane.run())
    lane.wake()
    for _ in range(10):
        await asyncio.sleep(0)
    return task


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_no_more_is_in_hand_than_the_lane_is_wide() -> None:
    """A piece that ends makes room for the next, until all are done."""
    pieces = Pieces(10)
    lane = lane_of(pieces)
    task = await working(lane)
    assert (pieces.in_hand, lane.running, len(pieces.left)) == (3, 3, 7)
    pieces.go.set()
    async with asyncio.timeout(HANGS):
        while len(pieces.done) < 10:  # noqa: ASYNC110 - the pieces themselves are what is waited for
            await asyncio.sleep(0)
    assert (pieces.most, sorted(pieces.done)) == (3, list(range(10)))
    await stopped(task)


async def test_a_batch_does_not_begin_in_one_turn_of_the_event_loop() -> None:
    """The first part of forty tasks takes tens of milliseconds, in which nothing else of the daemon would go on."""
    begun: list[int] = []
    turn = 0

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    async def take(_piece: int) -> None:
        begun.append(turn)

    counter = asyncio.create_task(count_turns())
    task = await working(StepRunner[int]("test", width=40, claim=Pieces(40).claim, handle=take))
    await stopped(counter)
    await stopped(task)
    per_turn = Counter(begun)
    assert len(begun) == 40
    assert max(per_turn.values()) <= 8


async def test_what_is_claimed_ahead_saves_claims_and_waits_its_turn() -> None:
    """Ten pieces do not take ten claims, and still no more are in progress than the runner's limit."""
    pieces, claims = Pieces(10), list[int]()

    async def claim(limit: int) -> list[int]:
        claims.append(limit)
        return await pieces.claim(limit)

    lane = StepRunner[int]("test", width=3, claim=claim, handle=pieces.take, ahead=6)
    task = await working(lane)
    assert (pieces.in_hand, claims) == (3, [9])
    pieces.go.set()
    async with asyncio.timeout(HANGS):
        while len(pieces.done) < 10:  # noqa: ASYNC110 - the pieces themselves are what is waited for
            await asyncio.sleep(0)
    assert (pieces.most, sorted(pieces.done)) == (3, list(range(10)))
    assert len(claims) <= 4
    await stopped(task)


@pytest.mark.parametrize("claims_all", [False, True])
async def test_a_claim_of_all_is_not_repeated_until_the_next_wake(claims_all: bool) -> None:
    """Three tasks that were all that was due end in turn. Where a claim may leave some, each causes another claim."""
    claims, ends = list[int](), asyncio.Queue[None]()

    async def claim(limit: int) -> list[int]:
        claims.append(limit)
        return [1, 2, 3] if len(claims) == 1 else []

    async def handle(_number: int) -> None:
        await ends.get()

    lane = StepRunner[int]("test", width=4, claim=claim, handle=handle, claims_all=claims_all)
    task = await working(lane)
    assert claims == [4]
    for left in (2, 1, 0):
        ends.put_nowait(None)
        while lane.running > left:  # noqa: ASYNC110 - the tasks themselves are what is waited for
            await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)
    assert claims == ([4] if claims_all else [4, 2, 3, 4])
    lane.wake()
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(claims) == (2 if claims_all else 5)
    await stopped(task)


async def test_what_was_claimed_ahead_is_not_begun_at_a_stop() -> None:
    """Its claim is void at the next start; it must not begin while the others are being ended."""
    pieces = Pieces(9)
    task = await working(StepRunner[int]("test", width=3, claim=pieces.claim, handle=pieces.take, ahead=6))
    await stopped(task)
    assert (pieces.most, pieces.in_hand, pieces.done) == (3, 0, [])


async def test_a_lane_sleeps_until_it_is_kicked() -> None:
    """It does not ask again and again; one wake is enough, also one that came while it was busy."""
    asked = 0

    async def claim(_limit: int) -> list[int]:
        nonlocal asked
        asked += 1
        return []

    lane = StepRunner[int]("test", width=2, claim=claim, handle=_nothing)
    task = await working(lane)
    assert asked == 1
    lane.wake()
    lane.wake()
    for _ in range(10):
        await asyncio.sleep(0)
    assert asked == 2
    await stopped(task)


async def test_a_bug_in_one_piece_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged with its trace; an error of ours is logged as a sentence."""
    taken: list[int] = []

    async def take(piece: int) -> None:
        if piece == 0:
            raise ZeroDivisionError("piece 0")
        if piece == 1:
            raise StateError("piece 1")
        taken.append(piece)

    pieces = Pieces(4)
    await StepRunner[int]("test", width=1, claim=pieces.claim, handle=take).drain()
    assert taken == [2, 3]
    bug, error = caplog.records
    assert bug.exc_info is not None
    assert error.exc_info is None
    assert "piece 1" in error.getMessage()


async def test_a_claim_that_fails_is_told_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """A full disk must not fill the log too: one line a minute; the work goes on as soon as it can."""
    pieces = Pieces(1)
    pieces.go.set()
    fails = 50

    async def claim(limit: int) -> list[int]:
        nonlocal fails
        fails -= 1
        if fails > 0:
            raise StateError("the disk is full")
        return await pieces.claim(limit)

    lane = StepRunner[int]("test", width=1, claim=claim, handle=pieces.take)
    task = asyncio.create_task(lane.run())
    async with asyncio.timeout(HANGS):
        while not pieces.done:
            lane.wake()
            await asyncio.sleep(0)
    assert [record.getMessage().count("the disk is full") for record in caplog.records] == [1]
    await stopped(task)


async def test_a_drain_that_cannot_claim_says_so() -> None:
    """`once` must not report success over work that it could not even see; work in progress is cancelled."""
    pieces = Pieces(1)

    async def claim(limit: int) -> list[int]:
        if not pieces.left:
            raise StateError("the disk is full")
        return await pieces.claim(limit)

    lane = StepRunner[int]("test", width=2, claim=claim, handle=pieces.take)
    drain = asyncio.create_task(lane.drain())
    for _ in range(5):
        await asyncio.sleep(0)
    lane.wake()
    with pytest.raises(StateError, match="disk"):
        await asyncio.wait_for(drain, HANGS)
    assert pieces.in_hand == 0


async def test_finish_lets_what_is_in_hand_end_and_takes_nothing_new() -> None:
    """Within its grace."""
    pieces = Pieces(10)
    lane = lane_of(pieces)
    task = await working(lane)
    finish = asyncio.create_task(lane.finish(timedelta(seconds=HANGS)))
    await asyncio.sleep(0)
    pieces.go.set()
    await asyncio.wait_for(finish, HANGS)
    assert (sorted(pieces.done), len(pieces.left)) == ([0, 1, 2], 7)
    await stopped(task)


async def test_finish_does_not_wait_longer_than_its_grace() -> None:
    """What hangs is cancelled with the lane; its claim is void at the next start."""
    pieces = Pieces(3)
    lane = lane_of(pieces)
    task = await working(lane)
    await asyncio.wait_for(lane.finish(timedelta(seconds=0.05)), HANGS)
    assert pieces.in_hand == 3
    await stopped(task)
    assert (pieces.in_hand, pieces.done) == (0, [])


async def test_what_is_claimed_during_finish_is_not_begun() -> None:
    """A delivery that would be cut off halfway is not started at all."""
    pieces, claiming = Pieces(3), asyncio.Event()

    async def claim(limit: int) -> list[int]:
        await claiming.wait()
        return await pieces.claim(limit)

    lane = StepRunner[int]("test", width=3, claim=claim, handle=pieces.take)
    task = await working(lane)
    await lane.finish(timedelta(seconds=0.05))
    claiming.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert lane.running == 0
    await stopped(task)
