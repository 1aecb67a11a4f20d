"""The queue of jobs: nothing is left of jobs that ended."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import Engine, text

from tests.databases import Server
from tests.patience import HANGS
from watcher.cluster.engine import opened_engine
from watcher.errors import StateError
from watcher.store.commands import jobs
from watcher.store.commands.jobs import SHARD_QUEUE
from watcher.store.engine.postgresql import libpq_address, open_shared

_TABLES = text("""
    SELECT relname FROM pg_class WHERE relname LIKE 'procrastinate%' AND relkind = 'r'
    AND relname <> 'procrastinate_workers' ORDER BY relname
""")


async def test_ended_jobs_leave_no_rows(postgresql: Server) -> None:
    """Rounds of jobs for all shards: each is taken once, and all tables of the queue are empty afterwards."""
    url = postgresql.fresh()
    state = open_shared(url, idle=timedelta(minutes=1), shards=64, jobs=SchemaManager.get_schema())
    taken = []
    async with opened_engine(libpq_address(url)) as engine:
        for _ in range(3):
            with state.begin() as tx:
                jobs.wake_shards(tx, range(64))
            while job := await engine.fetch([SHARD_QUEUE.format(shard) for shard in range(64)]):
                taken.append(str(job.lock))
                await engine.finish(job)
    assert sorted(taken) == sorted(f"fetch {shard}" for shard in range(64) for _ in range(3))
    with state.begin() as tx:
        tables = tx.execute(_TABLES).scalars().all()
        left = {table: tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}
    state.dispose()
    assert left == {"procrastinate_events": 0, "procrastinate_jobs": 0, "procrastinate_periodic_defers": 0}


async def test_a_job_that_ends_while_the_server_is_away_is_ended_later(postgresql: Server) -> None:
    """That it could not be ended is an error, so that the worker tries again; one that another has ended is none."""
    url = postgresql.fresh()
    state = open_shared(url, idle=timedelta(minutes=1), shards=64, jobs=SchemaManager.get_schema())
    async with opened_engine(libpq_address(url)) as engine:
        with state.begin() as tx:
            jobs.wake_shards(tx, [5])
        job = await engine.fetch(["fetch-5"])
        assert job is not None
        state.dispose()
        postgresql.stop()
        with pytest.raises(StateError):
            await engine.finish(job)
        postgresql.start()
        await engine.finish(job)
        await engine.finish(job)
    with state.begin() as tx:
        assert tx.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one() == 0
    state.dispose()


async def test_a_job_wakes_who_listens(postgresql: Server) -> None:
    """Also one that is deferred while nothing has been received for a while, and after the server was away."""
    url = postgresql.fresh()
    state = open_shared(url, idle=timedelta(minutes=1), shards=64, jobs=SchemaManager.get_schema())
    async with opened_engine(libpq_address(url)) as engine:
        woken = asyncio.Event()
        listening = asyncio.create_task(engine.listen(["fetch-5"], woken.set))
        try:
            for shard in (5, 5):
                await _until_heard(state, shard, woken)
            postgresql.stop()
            postgresql.start()
            state.dispose()
            await _until_heard(state, 5, woken)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    state.dispose()


async def _until_heard(state: Engine, shard: int, woken: asyncio.Event) -> None:
    """Defers jobs until one wakes. It may take a while until the listener is connected."""
    async with asyncio.timeout(HANGS):
        woken.clear()
        while not woken.is_set():
            with state.begin() as tx:
                tx.execute(text("DELETE FROM procrastinate_jobs"))
                jobs.wake_shards(tx, [shard])
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), 0.1)
