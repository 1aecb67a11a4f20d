"""Opens a state, wherever it is: in a file of SQLite, or on a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from watcher.errors import StateError
from watcher.files import state_exists
from watcher.store.dialect import POSTGRESQL
from watcher.store.engine import postgresql, sqlite

Location = Path | str
"""Where a state is: the path of SQLite's file, or the URL of a database on PostgreSQL."""

PATIENCE = postgresql.PATIENCE


def is_there(location: Location) -> bool:
    """Whether there is a state already; one on a server is created where it is opened. Raises StateError."""
    return isinstance(location, str) or state_exists(location)


def open_database(location: Location, *, patience: timedelta = PATIENCE) -> Engine:
    """Opens the state, creates it if missing, and migrates it to this program's schema.

    `patience`: the time that a statement waits for another process's lock. Raises StateForeign, StateDamaged,
    StateTooNew, or StateError if it cannot be used.
    """
    if isinstance(location, Path):
        return sqlite.open_database(location, patience=patience)
    return postgresql.open_database(location, patience=patience)


def open_alone(location: Location) -> Engine:
    """Opens the state like `open_database`, for the one process that works on it. Raises StateLocked, too.

    On one machine `StateLock` decides which one that is, on a server its own lock.
    """
    if isinstance(location, Path):
        return sqlite.open_database(location, patience=PATIENCE)
    return postgresql.open_database(location, patience=PATIENCE, lock=postgresql.Lock.ALONE)


def open_for_reading(location: Location, *, patience: timedelta = PATIENCE) -> Engine:
    """Opens the state for reading, beside a daemon that works on it: neither waits for the other.

    An older schema is migrated first. Raises StateForeign, StateDamaged, StateTooNew, or StateError if it
    does not exist yet.
    """
    if isinstance(location, Path):
        return sqlite.open_for_reading(location, patience=patience)
    return postgresql.open_for_reading(location, patience=patience)


def stop_queries(engine: Engine, is_over: Callable[[], bool]) -> None:
    """Has each query of a reader stopped as soon as `is_over`; the server does not ask and has a time limit instead."""
    if engine.dialect.name == POSTGRESQL:
        postgresql.limit_queries(engine)
    else:
        sqlite.stop_queries(engine, is_over)


def explained(error: DatabaseError, engine: Engine) -> StateError:
    """Translates an error of the database into a StateError whose sentence says what to do."""
    if engine.dialect.name == POSTGRESQL:
        return postgresql.explained(error, engine.url)
    return sqlite.explained(error, Path(engine.url.database or ""))
