"""procrastinate's queue of jobs as this worker uses it: two connections, and one that listens.

procrastinate's own worker is not used: it takes as many jobs as it can run, so that the worker that starts first takes
all shards, and it ends when the database is away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg import AsyncConnection, Notify
from psycopg import Error as PsycopgError
from psycopg.errors import RaiseException
from psycopg_pool import PoolClosed, PoolTimeout

from watcher.errors import StateError

TROUBLE = (ConnectorException, PsycopgError, PoolTimeout, PoolClosed)
_WAIT = timedelta(seconds=5)  # for a connection of the pool
_AT_ONCE = 0.01  # seconds: for what the socket has received already
_LISTEN_AGAIN = timedelta(seconds=1)

for _library in ("procrastinate", "psycopg"):
    logging.getLogger(_library).setLevel(logging.CRITICAL)  # their errors are raised, and logged by the worker


class _Connection(AsyncConnection[Any]):
    """Waits for notifications until there are some. psycopg looks for them ten times a second."""

    async def notifies(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  (psycopg's own signature)
        stop_after: int | None = None,
    ) -> AsyncGenerator[Notify]:
        while timeout is None and stop_after is None:
            async for notification in super().notifies(timeout=_AT_ONCE):
                yield notification
            await self._wait_until_readable()
        async for notification in super().notifies(timeout=timeout, stop_after=stop_after):
            yield notification

    async def _wait_until_readable(self) -> None:
        loop, readable, socket = asyncio.get_running_loop(), asyncio.Event(), self.fileno()
        loop.add_reader(socket, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(socket)


class Engine:
    """Fetches and finishes jobs as the procrastinate worker `number`. Errors of the database are StateErrors."""

    def __init__(self, manager: JobManager, number: int) -> None:
        self._manager = manager
        self.number = number

    async def register(self) -> None:
        """Takes a new number, after jobs of the former one were taken from it."""
        async with _translated():
            self.number = await self._manager.register_worker()

    async def fetch(self, queues: Sequence[str]) -> Job | None:
        """Takes the next job of these queues whose lock is free."""
        async with _translated():
            return await self._manager.fetch_job(queues=queues, worker_id=self.number)

    async def finish(self, job: Job) -> None:
        """Deletes a job. One that was taken from this worker is left alone."""
        async with _translated():
            try:
                await self._manager.finish_job(job=job, status=Status.SUCCEEDED, delete_job=True)
            except ConnectorException as error:  # procrastinate's for all errors of the database
                if not isinstance(error.__cause__, RaiseException):  # "Job was not found": it was taken for stalled
                    raise

    async def drop_stalled(self, lease: timedelta) -> int:
        """Deletes the jobs of workers that have not been heard of for a lease; their work is found by the sweep."""
        async with _translated():
            stalled = list(await self._manager.get_stalled_jobs(seconds_since_heartbeat=lease.total_seconds()))
        for job in stalled:
            await self.finish(job)
        async with _translated():
            await self._manager.prune_stalled_workers(seconds_since_heartbeat=lease.total_seconds())
        return len(stalled)

    async def listen(self, queues: Iterable[str], wake: Callable[[], None]) -> None:
        """Calls `wake` for each job that is deferred to one of these queues, until it is cancelled."""

        async def on_notification(**_: Any) -> None:
            wake()

        while True:
            with suppress(*TROUBLE):
                await self._manager.listen_for_jobs(on_notification=on_notification, queues=queues)
            await asyncio.sleep(_LISTEN_AGAIN.total_seconds())

    async def unregister(self) -> None:
        """Gives the number back."""
        with suppress(*TROUBLE):
            await self._manager.unregister_worker(self.number)


@asynccontextmanager
async def opened_engine(address: str) -> AsyncIterator[Engine]:
    """Connects to the database at a libpq address, and registers. Raises StateError."""
    connector = PsycopgConnector(
        conninfo=address,
        min_size=1,
        max_size=2,
        connection_class=_Connection,
        timeout=_WAIT.total_seconds(),
        kwargs={"application_name": "watcher-jobs", "connect_timeout": 10},
    )
    async with _translated():
        await connector.open_async()
    manager = JobManager(connector)
    try:
        async with _translated():
            engine = Engine(manager, await manager.register_worker())
        try:
            yield engine
        finally:
            await engine.unregister()
    finally:
        await connector.close_async()


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except TROUBLE as error:
        cause = str(error.__cause__ or error).strip().splitlines() or [type(error).__name__]
        raise StateError(f"the queue of jobs on PostgreSQL does not answer ({cause[0]})") from error
