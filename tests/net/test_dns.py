"""Looking up names: in a few threads that are used again, and that end with their resolver."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from tests.net.servers import until
from tests.patience import HANGS
from watcher.net.dns import LOOKUPS_AT_ONCE, THREADS_KEPT, SystemResolver


def threads() -> int:
    return sum(thread.name == "dns" for thread in threading.enumerate())


async def test_threads_are_used_again_and_end() -> None:
    """However many names are looked up, at once or in turn, a few threads stay, and none once the resolver is gone."""
    resolver = SystemResolver()
    for _ in range(3):
        answers = await asyncio.gather(*(resolver("localhost", 80) for _ in range(20)))
        assert all("127.0.0.1" in answer or "::1" in answer for answer in answers)
    await until(lambda: threads() <= THREADS_KEPT)
    assert threads() > 0
    del resolver
    gc.collect()
    await until(lambda: threads() == 0)


async def test_a_name_that_is_none_leaves_its_thread_working() -> None:
    """After a name that cannot be looked up the next one is."""
    resolver = SystemResolver()
    for bad in ("a" * 70 + ".example", "nowhere.invalid"):
        with pytest.raises((OSError, UnicodeError)):
            await resolver(bad, 80)
        assert await resolver("127.0.0.1", 80) == ["127.0.0.1"]


def test_the_end_of_the_loop_ends_the_threads() -> None:
    """An answer that comes after the loop has ended is dropped, and its thread with it."""

    async def ask_and_leave() -> None:
        asking = asyncio.ensure_future(SystemResolver()("127.0.0.1", 80))
        await asyncio.sleep(0)
        asking.cancel()

    asyncio.run(ask_and_leave())
    gc.collect()
    asyncio.run(until(lambda: threads() == 0))


async def test_look_ups_without_a_thread_leave_room_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """While no thread can start, each look-up ends with OSError; once threads start again, names are looked up."""

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")  # as CPython does if the system refuses one

    resolver = SystemResolver()
    with monkeypatch.context() as broken:
        broken.setattr("threading.Thread.start", refuse)
        for _ in range(LOOKUPS_AT_ONCE):
            with pytest.raises(OSError, match="can't start new thread"):
                await resolver("127.0.0.1", 80)
    async with asyncio.timeout(HANGS):
        assert await resolver("127.0.0.1", 80) == ["127.0.0.1"]
