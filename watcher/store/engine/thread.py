"""The one thread that speaks to the database, so that a commit never stalls the event loop.

Calls that wait together share a transaction: one fsync for all of them. If one of them fails, all is taken back and
each is made once more in a transaction of its own; a savepoint for each would cost as much as its work. A call's result
is handed out only after its commit.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from watcher.errors import StateDamaged, StateError, StateUnsynced
from watcher.store.engine.database import explained

P = ParamSpec("P")
T = TypeVar("T")

_MOST_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class _Call:
    work: Callable[[Connection], Any]
    future: asyncio.Future[Any]


class StoreThread:
    """Runs functions of the store rooms, which take a `Connection` first, one after the other."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._closed = False
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self.on_fatal: Callable[[StateError], None] = lambda error: None
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    async def run(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result, once what it did is committed. What it raises, it raises here, and leaves no trace.

        It may be called twice, when a call beside it failed: it must leave traces in the database only.
        Raises StateError if the database is locked, its disk full or the like, and nothing is changed then; one that is
        damaged, or whose fsync failed, is told to `on_fatal` too. A caller who is cancelled does not take back what he
        asked for.
        """
        if self._closed:
            raise StateError("the state database is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._calls.put(_Call(lambda connection: function(connection, *args, **kwargs), future))
        try:
            return await asyncio.shield(future)
        except (StateDamaged, StateUnsynced) as error:
            self.on_fatal(error)
            raise

    def close(self) -> None:
        """Ends the thread after the calls that are already waiting, and closes the database."""
        self._closed = True
        self._calls.put(None)
        self._thread.join()
        self._engine.dispose()

    def _work(self) -> None:
        while batch := self._next_batch():
            for call, result, error in self._committed(batch):
                with suppress(RuntimeError):  # the loop of the caller is closed: nobody waits
                    call.future.get_loop().call_soon_threadsafe(_settle, call.future, result, error)

    def _committed(self, batch: list[_Call]) -> list[tuple[_Call, Any, BaseException | None]]:
        """Each call with its result or error, after the commit; a failed commit is everybody's error."""
        results, one_failed = [], False
        try:
            with self._engine.begin() as connection:
                for call in batch:
                    one_failed = True
                    results.append(call.work(connection))
                    one_failed = False
        except BaseException as failure:
            if one_failed and len(batch) > 1:
                return [each for call in batch for each in self._committed([call])]
            return [(call, None, self._translated(failure)) for call in batch]
        return [(call, result, None) for call, result in zip(batch, results, strict=True)]

    def _translated(self, failure: BaseException) -> BaseException:
        """What SQLite says, as an error of ours; a fault of the program as it is."""
        if not isinstance(failure, DatabaseError):
            return failure
        error = explained(_first(failure), Path(self._engine.url.database or ""))
        if not isinstance(failure, OperationalError) and not isinstance(error, StateDamaged):
            return failure
        error.__cause__ = failure
        return error

    def _next_batch(self) -> list[_Call]:
        """At least one call, waiting for it; an empty list when the thread is to end."""
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
    """What went wrong first: after it, a rollback may have found nothing to roll back."""
    first, earlier = failure, failure.__context__
    while earlier is not None:
        first = earlier if isinstance(earlier, DatabaseError) else first
        earlier = earlier.__context__
    return first


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
