"""Turns at a host: how many at once, how long between starts, and what waiting costs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from tests.net.servers import Line, LoopClock, alert, answer, client, feed, page, redirecting, replying, serving, until
from watcher.errors import FetchError, FetchFailure
from watcher.net.politeness import HOSTS_REMEMBERED, Politeness, Turn

NO_PAUSE = timedelta(0)
PAUSE = timedelta(seconds=8)
MOMENT = timedelta(seconds=1)


def turns(*, at_once: int = 64, longest_wait: float = 60, clock: Callable[[], float] = time.monotonic) -> Politeness:
    return Politeness(at_once=at_once, longest_wait=timedelta(seconds=longest_wait), clock=clock)


class Tasks:
    """Tasks that take a turn and keep it until `leave` is set."""

    def __init__(self, politeness: Politeness) -> None:
        self.politeness = politeness
        self.inside: list[str] = []
        self.leave = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    def add(self, host: str, *, at_once: int = 2, pause: timedelta = NO_PAUSE, urgent: bool = False) -> None:
        async def come() -> None:
            async with self.politeness.turn(host, at_once=at_once, pause=pause, urgent=urgent):
                self.inside.append(host)
                await self.leave.wait()

        self.tasks.append(asyncio.create_task(come()))

    async def end(self) -> None:
        self.leave.set()
        await asyncio.gather(*self.tasks)


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_so_many_at_once_to_a_host() -> None:
    """A host gets as many requests at once as it may, another host is not held up by it."""
    crowd = Tasks(turns())
    for _ in range(5):
        crowd.add("a")
    crowd.add("b")
    await settle()
    assert sorted(crowd.inside) == ["a", "a", "b"]
    await crowd.end()
    assert sorted(crowd.inside) == ["a"] * 5 + ["b"]


async def test_so_many_at_once_to_all_hosts() -> None:
    """There is a cap on all hosts together; what is urgent passes it."""
    crowd = Tasks(turns(at_once=3))
    for number in range(5):
        crowd.add(f"host {number}")
    crowd.add("alerts", urgent=True)
    await settle()
    assert len(crowd.inside) == 4
    assert "alerts" in crowd.inside
    await crowd.end()


async def test_so_long_between_starts() -> None:
    """Starts at one host are the pause apart, also when others leave quickly."""
    clock = LoopClock(frozen=True)
    crowd = Tasks(turns(clock=clock))
    crowd.leave.set()
    for _ in range(4):
        crowd.add("a", pause=PAUSE)
    started = []
    for step in [PAUSE - MOMENT, MOMENT] * 3:
        await settle()
        started.append(len(crowd.inside))
        clock.forward(step)
    await crowd.end()
    assert started == [1, 1, 2, 2, 3, 3]
    assert len(crowd.inside) == 4


async def test_pause_counts_from_the_start_even_behind_the_common_cap() -> None:
    """The pause also applies after a wait for a place among all hosts."""
    clock = LoopClock(frozen=True)
    crowd = Tasks(turns(at_once=1, clock=clock))
    crowd.add("blocker")
    await settle()
    crowd.add("a", pause=PAUSE)
    crowd.add("a", pause=PAUSE)
    await settle()
    clock.forward(PAUSE)
    crowd.leave.set()
    started = []
    for step in [PAUSE - MOMENT, MOMENT]:
        await settle()
        started.append(len(crowd.inside))
        clock.forward(step)
    await crowd.end()
    assert started == [2, 2]
    assert len(crowd.inside) == 3


async def test_waiting_has_an_end() -> None:
    """A turn that does not come in time is an error that names the host; places are given back."""
    politeness = turns(longest_wait=0.05)
    crowd = Tasks(politeness)
    crowd.add("a", at_once=1)
    await settle()
    with pytest.raises(FetchError, match=r"^a: waited") as caught:
        async with politeness.turn("a", at_once=1, pause=NO_PAUSE):
            raise AssertionError("got a turn")
    assert caught.value.failure is FetchFailure.TIMEOUT
    assert not caught.value.sent
    await crowd.end()
    async with politeness.turn("a", at_once=1, pause=NO_PAUSE):
        assert len(politeness) == 1


async def test_a_cancelled_wait_leaves_no_trace() -> None:
    """A task that is cancelled while it waits or runs gives its place back."""
    crowd = Tasks(turns(at_once=1))
    for _ in range(4):
        crowd.add("a", at_once=1)
    await settle()
    for task in crowd.tasks[:3]:
        task.cancel()
    await asyncio.gather(*crowd.tasks[:3], return_exceptions=True)
    await settle()
    assert len(crowd.inside) == 2
    crowd.tasks = crowd.tasks[3:]
    await crowd.end()


async def test_hosts_are_forgotten() -> None:
    """However many hosts are met, only those in use or in their pause are remembered for long."""
    politeness = turns()
    for number in range(3 * HOSTS_REMEMBERED):
        async with politeness.turn(f"host {number}", at_once=2, pause=NO_PAUSE):
            pass
    assert len(politeness) <= HOSTS_REMEMBERED


async def test_the_operators_own_gets_sixteen_at_once() -> None:
    """A private origin that the operator wrote gets sixteen requests at once, without pause and without robots.txt."""
    leave = asyncio.Event()

    async def handle(line: Line) -> None:
        while True:
            await line.request()
            await leave.wait()
            await line.send(answer(b"ok"))

    async with serving(handle) as peer, client(peer.origin, pause=timedelta(seconds=9)) as net:
        fetches = [
            asyncio.create_task(net.fetch(page(f"{peer.origin}/{number}", referrer_origin=peer.origin)))
            for number in range(20)
        ]
        await until(lambda: len(peer.heads) == 16)
        leave.set()
        await asyncio.gather(*fetches)
    assert sorted(peer.paths) == sorted(f"/{number}" for number in range(20))
    assert peer.connections == 16


async def test_waiting_for_a_turn_costs_nothing_of_the_deadline() -> None:
    """A request that waits longer for its turn than its own deadline still succeeds."""
    leave, hour = asyncio.Event(), timedelta(hours=1)

    async def handle(line: Line) -> None:
        while True:
            if await line.request() == "/first":
                await leave.wait()
            await line.send(answer(b"ok"))

    async with (
        serving(handle) as peer,
        client(peer.origin, own_per_host=1, longest_wait=2 * hour) as net,
    ):
        clock = LoopClock()
        first = asyncio.create_task(net.fetch(feed(f"{peer.origin}/first", timeout=2 * hour)))
        await until(lambda: peer.heads)
        others = [asyncio.create_task(net.fetch(feed(f"{peer.origin}/other"))) for _ in range(5)]
        await settle()
        clock.forward(hour)
        leave.set()
        assert (await first).elapsed >= hour
        assert all(response.elapsed < hour for response in await asyncio.gather(*others))


async def test_alerts_stand_in_a_line_of_their_own() -> None:
    """An alert is sent at once, though requests to the same origin fill every place."""
    leave = asyncio.Event()

    async def handle(line: Line) -> None:
        if await line.request() != "/hook":
            await leave.wait()
        await line.send(answer(b"ok"))

    async with serving(handle) as peer, client(peer.origin, own_per_host=2, at_once=2) as net:
        pages = [asyncio.create_task(net.fetch(feed(f"{peer.origin}/{number}"))) for number in range(4)]
        await until(lambda: len(peer.heads) == 2)
        assert (await net.fetch(alert(f"{peer.origin}/hook"))).body == b"ok"
        leave.set()
        await asyncio.gather(*pages)


async def test_public_hosts_are_paused_for_every_purpose_but_alerts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Feeds, robots.txt, pages and redirects at one public host wait for one queue's pause; an alert does not wait."""
    turn, turns_taken = Politeness.turn, list[tuple[str, timedelta]]()

    def noted(
        self: Politeness, host: str, *, at_once: int, pause: timedelta, urgent: bool = False
    ) -> AbstractAsyncContextManager[Turn]:
        turns_taken.append((host, pause))
        return turn(self, host, at_once=at_once, pause=pause, urgent=urgent)

    monkeypatch.setattr(Politeness, "turn", noted)
    pause = timedelta(milliseconds=20)
    async with (
        serving(replying(redirecting("/new"))) as proxy,
        client(proxy=proxy.origin, pause=pause, longest_wait=timedelta(minutes=1)) as net,
    ):
        for url in ("http://news.example.org/feed", "http://news.example.org/old"):
            with pytest.raises(FetchError, match="more than 5 times"):
                await net.fetch((feed if url.endswith("feed") else page)(url))
        await net.fetch(alert("http://news.example.org/hook"))
    paths = [path.rpartition("/")[2] for path in proxy.paths]
    assert paths == ["feed", *["new"] * 5, "robots.txt", *["new"] * 5, "old", *["new"] * 5, "hook"]
    assert turns_taken[:-1] == [("news.example.org", pause)] * (len(paths) - 1)
    assert turns_taken[-1] == ("alerts http://news.example.org", timedelta(0))
