"""The one thread that speaks to the database: results after their commit, failures without a trace."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError

from tests.databases import on_sqlite
from tests.patience import HANGS
from watcher.errors import StateError, StateUnsynced
from watcher.store import StoreThread, open_database


@pytest.fixture
def store(engine: Engine) -> Iterator[StoreThread]:
    thread = StoreThread(engine)
    yield thread
    thread.close()


def add(tx: Connection, name: str, *, words: str = "") -> str:
    tx.execute(
        text("INSERT INTO channels (name, parked_reason) VALUES (:name, :words)"), {"name": name, "words": words}
    )
    return name


def add_and_fail(tx: Connection, name: str) -> None:
    add(tx, name)
    raise LookupError(name)


def fill(tx: Connection) -> None:
    for number in range(200):
        add(tx, f"voll {number}", words="x" * 4000)


def names(engine: Engine) -> set[str]:
    """What another connection would see now."""
    other = create_engine(engine.url)
    with other.connect() as connection:
        found = {name for (name,) in connection.execute(text("SELECT name FROM channels"))}
    other.dispose()
    return found


class Hold:
    """Keeps the thread busy, so that the calls after it wait together."""

    def __init__(self) -> None:
        self._go = threading.Event()

    def __call__(self, tx: Connection) -> None:
        assert self._go.wait(HANGS)

    def release(self) -> None:
        self._go.set()


async def test_a_result_is_handed_out_after_its_commit(store: StoreThread, engine: Engine) -> None:
    """The result is reliable: another connection sees what was done."""
    for name in ("a", "b", "c"):
        assert await store.run(add, name) == name
        assert name in names(engine)


async def test_a_failure_leaves_no_trace_and_spares_those_beside_it(store: StoreThread, engine: Engine) -> None:
    """Calls that share a transaction do not share their fate."""
    hold = Hold()
    first = asyncio.create_task(store.run(hold))
    calls = [
        asyncio.create_task(call) for call in (store.run(add, "a"), store.run(add_and_fail, "b"), store.run(add, "c"))
    ]
    await asyncio.sleep(0)
    hold.release()
    results = await asyncio.gather(first, *calls, return_exceptions=True)
    assert results[1] == "a"
    assert isinstance(results[2], LookupError)
    assert results[3] == "c"
    assert names(engine) == {"a", "c"}


@on_sqlite
async def test_a_full_disk_is_told_to_all_whose_work_it_took(store: StoreThread, engine: Engine) -> None:
    """SQLite rolls the whole transaction back then: no call of the batch succeeds."""
    pages = await store.run(lambda tx: tx.execute(text("PRAGMA page_count")).scalar_one())
    await store.run(lambda tx: tx.exec_driver_sql(f"PRAGMA max_page_count={pages + 4}").scalar_one())
    hold = Hold()
    first = asyncio.create_task(store.run(hold))
    calls = [asyncio.create_task(call) for call in (store.run(add, "a"), store.run(fill), store.run(add, "c"))]
    await asyncio.sleep(0)
    hold.release()
    results = await asyncio.gather(first, *calls, return_exceptions=True)
    told = [result for result in results[1:] if isinstance(result, StateError)]
    assert told
    assert all("make room" in str(error) for error in told)
    done = {result for result in results[1:] if isinstance(result, str)}
    assert names(engine) == done
    assert await store.run(add, "wieder") == "wieder"


@on_sqlite
async def test_a_commit_that_fails_reaches_everybody(store: StoreThread, engine: Engine) -> None:
    """A foreign key that is checked at the commit: none of the calls before it is done."""

    def promise(tx: Connection) -> str:
        tx.execute(text("PRAGMA defer_foreign_keys=ON"))
        tx.execute(text("INSERT INTO matches (document, watch, hits) VALUES (99, 'w', '[]')"))
        return "done"

    hold = Hold()
    first = asyncio.create_task(store.run(hold))
    calls = [asyncio.create_task(call) for call in (store.run(add, "a"), store.run(promise))]
    await asyncio.sleep(0)
    hold.release()
    results = await asyncio.gather(first, *calls, return_exceptions=True)
    assert all(isinstance(result, Exception) for result in results[1:])
    assert names(engine) == set()
    assert await store.run(add, "b") == "b"


async def test_a_failure_is_told_once_those_beside_it_are_done(store: StoreThread, engine: Engine) -> None:
    """What is made once more leaves its traces once."""
    hold = Hold()
    first = asyncio.create_task(store.run(hold))
    calls = [store.run(add, "a"), store.run(add_and_fail, "b"), store.run(add, "c"), store.run(add_and_fail, "d")]
    tasks = [asyncio.create_task(call) for call in calls]
    await asyncio.sleep(0)
    hold.release()
    results = await asyncio.gather(first, *tasks, return_exceptions=True)
    assert [isinstance(result, LookupError) for result in results[1:]] == [False, True, False, True]
    assert names(engine) == {"a", "c"}


@on_sqlite
async def test_a_failed_fsync_is_fatal(store: StoreThread, engine: Engine) -> None:
    """As with the files of the corpus: it is never tried again, for the kernel may have dropped what it should keep."""
    fatal: list[Exception] = []
    store.on_fatal = fatal.append

    def fail(_connection: Connection) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
        raise OperationalError("COMMIT", {}, error)

    event.listen(engine, "commit", fail, once=True)
    with pytest.raises(StateUnsynced, match=r"did not confirm a write to .*watcher\.db"):
        await store.run(add, "a")
    assert [type(error) for error in fatal] == [StateUnsynced]
    assert names(engine) == set()


async def test_a_locked_database_is_told_in_a_sentence(state: Path) -> None:
    """Every call that waited in vain gets a StateError that names the file; afterwards work goes on."""
    store = StoreThread(open_database(state, patience=timedelta(seconds=0.1)))
    try:
        with closing(sqlite3.connect(state, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StateError, match=r"another program holds .*watcher\.db"):
                await store.run(add, "a")
            other.execute("ROLLBACK")
        assert await store.run(add, "b") == "b"
    finally:
        store.close()


async def test_close_lets_those_finish_who_wait(engine: Engine) -> None:
    """Nothing that was asked for before the end is dropped."""
    store, hold = StoreThread(engine), Hold()
    first = asyncio.create_task(store.run(hold))
    calls = [asyncio.create_task(store.run(add, str(number))) for number in range(200)]
    await asyncio.sleep(0)
    hold.release()
    await asyncio.to_thread(store.close)
    await asyncio.gather(first, *calls)
    assert len(names(engine)) == 200


async def test_nothing_can_be_asked_after_the_end(engine: Engine) -> None:
    """A call then fails at once instead of waiting without end."""
    store = StoreThread(engine)
    store.close()
    with pytest.raises(StateError, match="closed"):
        await asyncio.wait_for(store.run(add, "a"), HANGS)


async def test_who_is_cancelled_does_not_take_back_what_he_asked_for(store: StoreThread, engine: Engine) -> None:
    """The work is done all the same, once, and the thread goes on."""
    hold = Hold()
    first = asyncio.create_task(store.run(hold))
    given_up = asyncio.create_task(store.run(add, "a"))
    fails = asyncio.create_task(store.run(add_and_fail, "b"))
    await asyncio.sleep(0)
    given_up.cancel()
    fails.cancel()
    hold.release()
    await asyncio.gather(first, given_up, fails, return_exceptions=True)
    assert await store.run(add, "c") == "c"
    assert names(engine) == {"a", "c"}


def test_a_loop_that_is_gone_does_not_stop_the_thread(engine: Engine) -> None:
    """A call whose loop was closed under it is carried out; the next loop is served."""
    store, hold = StoreThread(engine), Hold()
    loop = asyncio.new_event_loop()
    task = loop.create_task(store.run(hold))
    loop.run_until_complete(asyncio.sleep(0))
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()
    hold.release()
    assert asyncio.run(store.run(add, "a")) == "a"
    store.close()
    assert names(engine) == {"a"}
