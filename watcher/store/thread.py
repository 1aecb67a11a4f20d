"""The one thread that speaks to the database, so that a commit never stalls the event loop.

Calls that wait together share a transaction (each in a savepoint of its own): one fsync for all of them. A call's
result is handed out only after its commit.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from watcher.errors import StateDamaged
from watcher.store.database import explained

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
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self.on_damage: Callable[[StateDamaged], None] = lambda error: None
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    async def run(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result, once what it did is committed. What it raises, it raises here, and leaves no trace.

        `on_damage` hears of a database that turns out to be damaged.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._calls.put(_Call(lambda connection: function(connection, *args, **kwargs), future))
        try:
            return await asyncio.shield(future)
        except DatabaseError as error:
            reason = explained(error, Path(self._engine.url.database or ""))
            if isinstance(reason, StateDamaged):
                self.on_damage(reason)
            raise

    def close(self) -> None:
        """Ends the thread after the calls that are already waiting, and closes the database."""
        self._calls.put(None)
        self._thread.join()
        self._engine.dispose()

    def _work(self) -> None:
        while batch := self._next_batch():
            results: list[tuple[_Call, Any, BaseException | None]] = []
            try:
                with self._engine.begin() as connection:
                    results = [(call, *_attempt(call, connection)) for call in batch]
            except BaseException as failure:  # the commit itself failed: nobody's work is done
                results = [(call, None, failure) for call in batch]
            for call, result, error in results:
                call.future.get_loop().call_soon_threadsafe(_settle, call.future, result, error)

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


def _attempt(call: _Call, connection: Connection) -> tuple[Any, BaseException | None]:
    try:
        with connection.begin_nested():
            return call.work(connection), None
    except Exception as error:
        return None, error


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
