"""The queue of jobs: nothing is left of jobs that ended."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.schema import SchemaManager
from sqlalchemy import text

from tests.databases import Server
from watcher.cluster.engine import opened_engine
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
