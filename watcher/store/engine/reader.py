"""Runs queries and commands beside a daemon that works on the state, on the caller's thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from watcher.store.engine.database import explained, open_database, open_for_reading

P = ParamSpec("P")
T = TypeVar("T")

_STEPS = 20_000  # of SQLite's virtual machine between two looks at the clock: a millisecond


class StoreReader:
    """Runs queries."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a query in a transaction. It must not return an open iterator. Raises StateError."""
        try:
            with self._engine.begin() as connection:
                return function(connection, *args, **kwargs)
        except OperationalError as error:
            raise explained(error, Path(self._engine.url.database or "")) from error

    def stream(
        self, function: Callable[Concatenate[Connection, P], Iterator[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Iterator[T]:
        """Runs a query that yields, all of it as of one moment. Raises StateError."""
        try:
            with self._engine.begin() as connection:
                yield from function(connection, *args, **kwargs)
        except OperationalError as error:
            raise explained(error, Path(self._engine.url.database or "")) from error


@contextmanager
def reading(path: Path) -> Iterator[StoreReader]:
    """Opens a reader of the state at `path`. Raises StateError if it does not exist yet."""
    engine = open_for_reading(path)
    try:
        yield StoreReader(engine)
    finally:
        engine.dispose()


@contextmanager
def reading_in_time(path: Path, is_over: Callable[[], bool]) -> Iterator[StoreReader]:
    """Does the same as `reading`, and stops a query once `is_over`: it raises QueryTimeout."""
    engine = open_for_reading(path)

    def watch(connection: Any, _record: object) -> None:
        connection.set_progress_handler(lambda: int(is_over()), _STEPS)
        connection.execute("PRAGMA cache_size=-1000")

    event.listen(engine, "connect", watch)
    try:
        yield StoreReader(engine)
    finally:
        engine.dispose()


class StoreEditor:
    """Runs queries and commands, each in a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def run(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a function and commits. Returns its result after the commit."""
        with self._engine.begin() as connection:
            return function(connection, *args, **kwargs)


@contextmanager
def editing(path: Path) -> Iterator[StoreEditor]:
    """Opens an editor of the state at `path`, for changes by hand. Raises StateError if it does not exist yet."""
    open_for_reading(path).dispose()
    engine = open_database(path)
    try:
        yield StoreEditor(engine)
    finally:
        engine.dispose()
