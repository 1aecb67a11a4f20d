"""Runs queries and commands beside a daemon that works on the state, on the caller's thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from watcher.store.engine.database import Location, explained, open_database, open_for_reading, stop_queries

P = ParamSpec("P")
T = TypeVar("T")


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
            raise explained(error, self._engine) from error

    def stream(
        self, function: Callable[Concatenate[Connection, P], Iterator[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Iterator[T]:
        """Runs a query that yields, all of it as of one moment. Raises StateError."""
        try:
            with self._engine.begin() as connection:
                yield from function(connection, *args, **kwargs)
        except OperationalError as error:
            raise explained(error, self._engine) from error


@contextmanager
def reading(location: Location) -> Iterator[StoreReader]:
    """Opens a reader of a state. Raises StateError if it does not exist yet."""
    engine = open_for_reading(location)
    try:
        yield StoreReader(engine)
    finally:
        engine.dispose()


@contextmanager
def reading_in_time(location: Location, is_over: Callable[[], bool]) -> Iterator[StoreReader]:
    """Does the same as `reading`, and stops a query once `is_over`: it raises QueryTimeout."""
    engine = open_for_reading(location)
    stop_queries(engine, is_over)
    try:
        yield StoreReader(engine)
    finally:
        engine.dispose()


class StoreEditor:
    """Runs queries and commands, each in a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def run(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a function and commits. Returns its result after the commit. Raises StateError."""
        try:
            with self._engine.begin() as connection:
                return function(connection, *args, **kwargs)
        except OperationalError as error:
            raise explained(error, self._engine) from error


@contextmanager
def editing(location: Location) -> Iterator[StoreEditor]:
    """Opens an editor of a state, for changes by hand. Raises StateError if it does not exist yet."""
    open_for_reading(location).dispose()
    engine = open_database(location)
    try:
        yield StoreEditor(engine)
    finally:
        engine.dispose()
