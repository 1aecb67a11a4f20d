"""Many pieces for one host in a lane: they wait for each other, not everybody for them."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.patience import HANGS
from watcher.errors import StateError
from watcher.runtime.host_limiter import GAP, SOONEST, HostLimiter
from watcher.runtime.runner import StepRunner
from watcher.text import host_and_port

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Hosts:
    """Pieces called like "slow/7"; those of the slow host stay in progress until `go`."""

    def __init__(self, *names: str) -> None:
        self.due = deque(names)
        self.later: list[tuple[str, datetime]] = []
        self.begun: list[str] = []
        self.done: list[str] = []
        self.go = asyncio.Event()

    async def claim(self, limit: int) -> list[str]:
        return [self.due.popleft() for _ in range(min(limit, len(self.due)))]

    async def take(self, piece: str) -> None:
        self.begun.append(piece)
        if piece.startswith("slow"):
            await self.go.wait()
        self.done.append(piece)

    async def put_off(self, pieces: Sequence[tuple[str, datetime]]) -> None:
        self.later += pieces

    def lane(self, *, later: bool = True) -> StepRunner[str]:
        crowd = HostLimiter[str](
            host=lambda piece: piece.split("/")[0],
            limit=2,
            now=lambda: NOW,
            reschedule=self.put_off if later else None,
        )
        return StepRunner[str]("test", width=6, claim=self.claim, handle=self.take, ahead=4, limiter=crowd)


async def at_work(lane: StepRunner[str]) -> asyncio.Task[None]:
    task = asyncio.create_task(lane.run())
    lane.wake()
    for _ in range(20):
        await asyncio.sleep(0)
    return task


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_slow_host_keeps_nobody_else_waiting() -> None:
    """Twenty feeds of it are due before one of another host, which is begun at once all the same."""
    hosts = Hosts(*(f"slow/{number}" for number in range(20)), "quick/1")
    task = await at_work(hosts.lane())
    assert hosts.done == ["quick/1"]
    assert hosts.begun == ["slow/0", "slow/1", "quick/1"]
    await stopped(task)


async def test_a_crowd_comes_back_one_after_the_other() -> None:
    """What is rescheduled is due again piece by piece, also across several claims."""
    hosts = Hosts(*(f"slow/{number}" for number in range(30)))
    task = await at_work(hosts.lane())
    names, moments = [name for name, _ in hosts.later], [due_at for _, due_at in hosts.later]
    assert len(names) >= 20
    assert len(set(names)) == len(names)
    assert moments == [NOW + SOONEST + GAP * (place + 1) for place in range(len(moments))]
    await stopped(task)


async def test_a_very_large_crowd_comes_back_within_ten_minutes() -> None:
    """Later pieces are due between the first: none waits longer, however many there are."""
    later: list[datetime] = []

    async def put_off(pieces: Sequence[tuple[str, datetime]]) -> None:
        later.extend(due_at for _, due_at in pieces)

    crowd = HostLimiter[str](host=lambda _: "slow", limit=1, now=lambda: NOW, reschedule=put_off)
    assert crowd.admit("first")
    for number in range(50_000):
        assert not crowd.admit(str(number))
    await crowd.reschedule_waiting()
    assert len(later) == 50_000
    assert max(later) == NOW + timedelta(minutes=10)
    assert max(Counter(later).values()) == 2, "they are spread all the same"


async def test_the_next_of_a_host_takes_the_place_of_the_last() -> None:
    """Few pieces ahead are not rescheduled: they begin as soon as there is a place at their host."""
    hosts = Hosts(*(f"slow/{number}" for number in range(5)))
    task = await at_work(hosts.lane())
    assert (hosts.begun, hosts.later) == (["slow/0", "slow/1"], [])
    hosts.go.set()
    async with asyncio.timeout(HANGS):
        while len(hosts.done) < 5:  # noqa: ASYNC110 - the pieces themselves are what is waited for
            await asyncio.sleep(0)
    await stopped(task)


async def test_what_may_not_be_put_off_is_done_in_the_end() -> None:
    """A round that is to do everything waits for the crowd, and loses none of it."""
    names = [f"slow/{number}" for number in range(30)] + ["quick/1", "quick/2"]
    hosts = Hosts(*names)
    hosts.go.set()
    await asyncio.wait_for(hosts.lane(later=False).drain(), HANGS)
    assert sorted(hosts.done) == sorted(names)
    assert hosts.later == []


async def test_a_crowd_that_cannot_be_put_off_goes_on_waiting() -> None:
    """A full disk: nobody is begun twice, and nobody is lost."""
    hosts = Hosts(*(f"slow/{number}" for number in range(20)))

    async def full(_: Sequence[tuple[str, datetime]]) -> None:
        raise StateError("the disk is full")

    crowd = HostLimiter[str](host=lambda piece: piece.split("/")[0], limit=2, now=lambda: NOW, reschedule=full)
    lane = StepRunner[str]("test", width=6, claim=hosts.claim, handle=hosts.take, ahead=4, limiter=crowd)
    task = await at_work(lane)
    assert hosts.begun == ["slow/0", "slow/1"]
    hosts.go.set()
    for _ in range(200):
        lane.wake()
        await asyncio.sleep(0)
    assert sorted(hosts.done) == sorted(f"slow/{number}" for number in range(20))
    await stopped(task)


async def test_a_failure_gives_its_place_back() -> None:
    """Pieces that end in an exception do not fill their host without end."""
    hosts = Hosts(*(f"bad/{number}" for number in range(9)))
    crowd = HostLimiter[str](host=lambda piece: piece.split("/")[0], limit=2, now=lambda: NOW, reschedule=hosts.put_off)

    async def fail(piece: str) -> None:
        hosts.begun.append(piece)
        raise LookupError(piece)

    lane = StepRunner[str]("test", width=6, claim=hosts.claim, handle=fail, ahead=9, limiter=crowd)
    await asyncio.wait_for(lane.drain(), HANGS)
    assert len(hosts.begun) == 9


def test_hosts_are_told_apart_as_they_are_written() -> None:
    """Scheme and path do not matter, the port does; a text that is not an address has no host."""
    assert host_and_port("https://Blatt.example/a/b?c=http://x.example") == "blatt.example"
    assert host_and_port("http://127.0.0.1:8080") == "127.0.0.1:8080"
    assert host_and_port("kein Link") == host_and_port("") == ""
