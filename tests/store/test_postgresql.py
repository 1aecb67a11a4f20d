"""What PostgreSQL does otherwise: several writers at once, a server that may be away, and texts without NUL."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection, Engine, insert, select, text, update

from tests.databases import Server
from tests.patience import HANGS
from tests.store.rows import NOW, new_entry, poll_record, record, subscribed
from watcher.errors import StateError, StateForeign, StateTooNew
from watcher.store import StoreThread, open_database, reading, schema
from watcher.store.commands import polls
from watcher.store.dialect import deciding


@pytest.fixture
def url(postgresql: Server) -> str:
    return postgresql.fresh()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_database(url)
    yield engine
    engine.dispose()


def in_thread(work: object) -> threading.Thread:
    assert callable(work)
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_tables_are_created_once_by_many(postgresql: Server) -> None:
    """Processes that start at the same time wait for the one that creates them; all indexes have their conditions."""
    url, engines = postgresql.empty(), list[Engine]()
    threads = [in_thread(lambda: engines.append(open_database(url))) for _ in range(6)]
    for thread in threads:
        thread.join(HANGS)
    assert len(engines) == 6
    with engines[0].begin() as tx:
        ours = "indexdef LIKE '%WHERE%' AND indexname NOT LIKE '%shard'"
        partial = tx.execute(text(f"SELECT count(*) FROM pg_indexes WHERE {ours}")).scalar_one()
    wanted = [
        i
        for table in schema.metadata.tables.values()
        for i in table.indexes
        if i.dialect_options["sqlite"]["where"] is not None
    ]
    assert partial == len(wanted)
    for engine in engines:
        engine.dispose()


def test_a_state_of_before_gets_its_entries_right(postgresql: Server) -> None:
    """A state of schema 0014: a waiting entry with the shard of another number gets one, and new ids are new."""
    url = postgresql.empty()
    engine = open_database(url)
    with engine.begin() as tx:
        record(tx, "blatt", new_entry("eins"), new_entry("zwei"))
        tx.execute(text("UPDATE entries SET shard = 63"))
        tx.execute(text("DELETE FROM words"))
        tx.execute(text("UPDATE entries SET id = id + 7, state = 'done' WHERE id = 2"))
        tx.execute(text("DROP TRIGGER entries_reopened ON entries"))
        tx.execute(text("UPDATE alembic_version SET version_num = '0014'"))
    engine.dispose()
    engine = open_database(url)
    with engine.begin() as tx:
        record(tx, "blatt", new_entry("drei"))
        shards = "SELECT id, shard FROM entries ORDER BY id"
        assert [tuple(row) for row in tx.execute(text(shards))] == [(1, None), (9, 63), (10, None)]
        tx.execute(text("UPDATE entries SET state = 'pending'"))
        assert [tuple(row) for row in tx.execute(text(shards))] == [(1, None), (9, None), (10, None)]
    engine.dispose()


def test_a_database_of_others_is_refused(postgresql: Server) -> None:
    """Nothing is created beside the tables of another program, and nothing is changed by an older watcher."""
    url = postgresql.empty()
    postgresql.ask("SELECT 1", database=url)
    postgresql.ask("CREATE TABLE rechnungen (betrag integer)", database=url)
    with pytest.raises(StateForeign, match="createdb"):
        open_database(url)
    newer = postgresql.empty()
    open_database(newer).dispose()
    postgresql.ask("UPDATE alembic_version SET version_num = '9999'", database=newer)
    with pytest.raises(StateTooNew, match="newer watcher"):
        open_database(newer)


def test_a_server_that_is_away_is_named_without_the_password(postgresql: Server) -> None:
    """Host and port, and what to do; an unknown database likewise."""
    with pytest.raises(StateError, match=r"127\.0\.0\.1:1/state does not answer") as refused:
        open_database("postgresql+psycopg://watcher:geheim@127.0.0.1:1/state")
    assert "geheim" not in str(refused.value)
    with pytest.raises(StateError, match="createdb"):
        open_database(postgresql.url("fehlt"))
    with pytest.raises(StateError, match="not an address"):
        open_database("postgresql+psycopg://watcher@127.0.0.1:port/state")


def test_nul_is_replaced(engine: Engine) -> None:
    """A feed may contain it; SQLite stores it, PostgreSQL would refuse the whole transaction."""
    with engine.begin() as tx:
        feed = subscribed(tx, "Blatt")
        named = new_entry("a")
        entry = replace(named.entry, title="Werft\0 am Fluss")
        polls.record_poll(tx, feed, poll_record(tx, feed, new=(replace(named, entry=entry),)), now=NOW)
        assert tx.execute(select(schema.entries.c.title)).scalar_one() == "Werft\N{REPLACEMENT CHARACTER} am Fluss"


def test_readers_cannot_write_and_see_one_moment(url: str, engine: Engine) -> None:
    """Two queries of a reader agree, also if another process writes between them."""
    with reading(url) as store:

        def read(tx: Connection) -> tuple[int, int]:
            before = tx.execute(text("SELECT count(*) FROM channels")).scalar_one()
            with engine.begin() as writer:
                writer.execute(text("INSERT INTO channels (name, parked_reason) VALUES ('a', '')"))
            return before, tx.execute(text("SELECT count(*) FROM channels")).scalar_one()

        assert store.read(read) == (0, 0)
        with pytest.raises(Exception, match="read-only"):
            store.read(lambda tx: tx.execute(text("DELETE FROM channels")))


def test_decisions_wait_for_each_other(engine: Engine) -> None:
    """Who decides sees what was decided before; who does not decide does not wait."""
    order: list[str] = []

    def decide() -> None:
        with engine.begin() as tx:
            deciding(tx)
            order.append("second")

    with engine.begin() as tx:
        deciding(tx)
        deciding(tx)
        thread = in_thread(decide)
        with engine.begin() as other:
            other.execute(text("SELECT 1"))
        order.append("first")
    thread.join(HANGS)
    assert order == ["first", "second"]


async def test_a_conflict_is_run_again(engine: Engine) -> None:
    """Two transactions that lock the same rows in opposite order: PostgreSQL gives one up, and both are committed."""
    with engine.begin() as tx:
        tx.execute(insert(schema.channels), [{"name": name, "parked_reason": ""} for name in ("a", "b")])
    first, second = StoreThread(engine), StoreThread(open_database(engine.url.render_as_string(hide_password=False)))
    barrier, runs = threading.Barrier(2), list[str]()

    def change(tx: Connection, names: tuple[str, str]) -> None:
        runs.append(names[0])
        for name in names:
            row = schema.channels.c
            tx.execute(
                update(schema.channels).where(row.name == name).values(parked_reason=row.parked_reason + names[0])
            )
            if name == names[0] and len(runs) <= 2:
                barrier.wait(HANGS)

    try:
        await asyncio.gather(first.run(change, ("a", "b")), second.run(change, ("b", "a")))
        found = await first.run(lambda tx: tx.execute(select(schema.channels.c.parked_reason)).scalars().all())
    finally:
        first.close()
        second.close()
    assert [sorted(reason) for reason in found] == [["a", "b"], ["a", "b"]]
    assert len(runs) >= 3  # the one that was aborted may be so again, before the other one goes on


async def test_a_lost_connection_costs_one_call(engine: Engine) -> None:
    """The call whose connection the server closed gets a sentence; the next one connects again."""
    store = StoreThread(engine)
    try:
        with pytest.raises(StateError, match="does not answer"):
            await store.run(lambda tx: tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())")))
        assert await store.run(lambda tx: tx.execute(text("SELECT 1")).scalar_one()) == 1
    finally:
        store.close()
