"""Runs all transactions of the daemon on one thread, so that a commit never blocks the event loop.

Calls that wait at the same time share a transaction, and with it one fsync. If one of them fails, all are rolled back
and each is run again in a transaction of its own; a savepoint for each call would cost as much as its work. A call's
result is returned only after its commit.

A call that is made under a hold (`fencing`) runs only while the hold is its worker's; the hold is locked until the end
of the transaction, so that no other worker takes it meanwhile.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from watcher.errors import StateDamaged, StateError, StateUnsynced
from watcher.store.engine.database import explained
from watcher.store.engine.postgresql import is_conflict, was_suspended
from watcher.store.fencing import Hold, current_hold, lost
from watcher.store.queries.holds import lock_current

P = ParamSpec("P")
T = TypeVar("T")

_MOST_AT_ONCE = 64
_TIMES_AGAIN = 20


@dataclass(frozen=True, slots=True)
class _Call:
    work: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    hold: Hold | None = None


class StoreThread:
    """Runs queries and commands, which take a `Connection` first, one after the other."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._closed = False
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self.on_fatal: Callable[[StateError], None] = lambda error: None
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    async def run(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs the function and returns its result after the commit. If it raises, it is rolled back and raises here.

        The function may run twice, if another call of its transaction failed: it must change nothing but the database.
        Raises StateError, with nothing changed, if the database is locked or its disk is full, for instance; damage
        and a failed fsync are passed to `on_fatal` too. A call runs to its end even if its caller is cancelled.
        Raises HoldLost, with nothing changed, if the caller's hold is over.
        """
        if self._closed:
            raise StateError("the state database is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        hold = current_hold.get()
        self._calls.put(_Call(lambda connection: function(connection, *args, **kwargs), future, hold))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            future.add_done_callback(_mark_retrieved)
            raise
        except (StateDamaged, StateUnsynced) as error:
            self.on_fatal(error)
            raise

    def close(self) -> None:
        """Ends the thread after the waiting calls, and closes the database."""
        self._closed = True
        self._calls.put(None)
        self._thread.join()
        self._engine.dispose()

    def _work(self) -> None:
        while batch := self._next_batch():
            for call, result, error in self._committed(batch):
                with suppress(RuntimeError):  # the caller's event loop is closed
                    call.future.get_loop().call_soon_threadsafe(_settle, call.future, result, error)

    def _committed(
        self, batch: list[_Call], *, again: int = _TIMES_AGAIN
    ) -> list[tuple[_Call, Any, BaseException | None]]:
        """Runs and commits a batch. Returns each call with its result or error; a failed commit is the error of all.

        One that PostgreSQL aborted for a conflict is run `again`.
        """
        results, one_failed = [], False
        void: list[_Call] = []
        try:
            with self._engine.begin() as connection:
                if holds := {call.hold for call in batch if call.hold}:
                    current = lock_current(connection, holds)
                    void = [call for call in batch if call.hold and call.hold not in current]
                    batch = [call for call in batch if not call.hold or call.hold in current]
                for call in batch:
                    one_failed = True
                    current_hold.set(call.hold)
                    results.append(call.work(connection))
                    one_failed = False
        except BaseException as failure:
            if is_conflict(failure) and again:
                return self._committed([*batch, *void], again=again - 1)
            if one_failed and len(batch) > 1:
                return [each for call in [*batch, *void] for each in self._committed([call])]
            return [(call, None, self._translated(failure)) for call in (*batch, *void)]
        ended = [(call, result, None) for call, result in zip(batch, results, strict=True)]
        return [*ended, *((call, None, lost(call.hold.name)) for call in void if call.hold)]

    def _translated(self, failure: BaseException) -> BaseException:
        """Translates errors of the database; a bug is returned as it is."""
        if not isinstance(failure, DatabaseError):
            return failure
        error = explained(_first(failure), self._engine)
        explains = isinstance(failure, OperationalError) or was_suspended(_first(failure))
        if not explains and not isinstance(error, StateDamaged):
            return failure
        error.__cause__ = failure
        return error

    def _next_batch(self) -> list[_Call]:
        """Waits for at least one call. Returns an empty list when the thread must end."""
        batch: list[_Call] = []
        while len(batch) < _MOST_AT_ONCE:
            try:
                call = self._calls.get(block=not batch)
            except queue.Empty:
                break
            if call is None:
                if batch:
                    self._calls.put(None)
                break
            batch.append(call)
        return batch


def _first(failure: DatabaseError) -> DatabaseError:
    """The first error: the rollback after it may have failed, too, because nothing was left to roll back."""
    first, earlier = failure, failure.__context__
    while earlier is not None:
        first = earlier if isinstance(earlier, DatabaseError) else first
        earlier = earlier.__context__
    return first


def _mark_retrieved(future: asyncio.Future[Any]) -> None:
    """Keeps asyncio from reporting an error whose caller has been cancelled."""
    if not future.cancelled():
        future.exception()


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
