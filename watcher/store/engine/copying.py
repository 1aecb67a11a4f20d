"""Copies a state from one database to another, whole or not at all, and compares both row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, func, insert, select, text
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError

from watcher.errors import StateError
from watcher.store import schema
from watcher.store.dialect import is_postgresql
from watcher.store.engine.database import Location, explained, is_there, open_alone
from watcher.store.engine.lock import StateLock

_BATCH = 1000  # rows
_NO_NUL = str.maketrans("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL stores no NUL

Progress = Callable[[str, int], None]
"""Is called with a table's name and its rows so far, after each batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedTable:
    """A table whose rows are the same on both sides."""

    name: str
    rows: int


def copy_state(
    source: Location, target: Location, *, progress: Progress = lambda _table, _rows: None
) -> list[CopiedTable]:
    """Copies all rows in one transaction, reads both sides again and commits if each row is the same.

    Ids stay, and the next id of each table is that of the source. Nobody may work on either of them meanwhile. Raises
    StateLocked if somebody does, StateError if the target has rows already, or a row cannot be stored there.
    """
    if not is_there(source):
        raise StateError(f"the state at {source} does not exist yet")
    with _alone(source) as old, _alone(target) as new, _transaction(old) as reader, _transaction(new) as writer:
        for table in schema.metadata.sorted_tables:
            if writer.execute(select(table).limit(1)).first() is not None:
                raise StateError(
                    f"the target is in use: its table {table.name} has rows; name an empty database or a new file"
                )
        copied = [_copy(reader, writer, table, progress) for table in schema.metadata.sorted_tables]
        for table in schema.metadata.sorted_tables:
            _compare(reader, writer, table)
            _set_next_id(writer, table, _last_id(reader, table))
    return copied


@contextmanager
def _alone(location: Location) -> Iterator[Engine]:
    """Opens a state for the only process that works on it, and keeps how its last one ended."""
    with ExitStack() as stack:
        if isinstance(location, Path):
            lock = stack.enter_context(StateLock(location))
            lock.doubtful = True
            stack.callback(lock.restore_content)
        engine = open_alone(location)
        stack.callback(engine.dispose)
        yield engine


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except (DataError, IntegrityError) as error:
        raise StateError(f"a row cannot be stored in the target: {str(error.orig).splitlines()[0]}") from error
    except DatabaseError as error:
        raise explained(error, engine) from error


def _copy(reader: Connection, writer: Connection, table: Table, progress: Progress) -> CopiedTable:
    count = 0
    for rows in _batches(reader, table):
        writer.execute(insert(table), [dict(row._mapping) for row in rows])
        count += len(rows)
        progress(table.name, count)
    return CopiedTable(name=table.name, rows=count)


def _compare(reader: Connection, writer: Connection, table: Table) -> None:
    sides = zip_longest(_rows(reader, table), _rows(writer, table))
    for was, made in sides:
        if was is None or made is None or _stored(was, writer) != tuple(made):
            key = tuple((was or made)._mapping[column.name] for column in table.primary_key)
            raise StateError(f"the copy differs in table {table.name}, row {key}; nothing was copied")


def _rows(connection: Connection, table: Table) -> Iterator[Row[Any]]:
    for rows in _batches(connection, table):
        yield from rows


def _batches(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    ordered = select(table).order_by(*table.primary_key).execution_options(yield_per=_BATCH)
    with connection.execute(ordered) as result:
        yield from result.partitions()


def _stored(row: Row[Any], writer: Connection) -> tuple[Any, ...]:
    """A row as the target stores it."""
    if not is_postgresql(writer):
        return tuple(row)
    return tuple(value.translate(_NO_NUL) if isinstance(value, str) else value for value in row)


def _last_id(connection: Connection, table: Table) -> int:
    """The last id that the database assigned, also if its row is gone; 0 if there was none."""
    column = table.autoincrement_column
    if column is None or column.identity is None:
        return 0
    if is_postgresql(connection):
        sequence = f"pg_get_serial_sequence('{table.name}', '{column.name}')::regclass"
        found = connection.scalar(text(f"SELECT pg_sequence_last_value({sequence})"))
    elif table.dialect_options["sqlite"]["autoincrement"]:
        found = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    else:
        found = connection.scalar(select(func.max(column)))
    return int(found or 0)


def _set_next_id(connection: Connection, table: Table, last_id: int) -> None:
    """Has the database go on after `last_id`. SQLite goes on after the highest row unless the table says otherwise."""
    column = table.autoincrement_column
    if column is None or last_id == 0:
        return
    if is_postgresql(connection):
        sequence = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
        connection.execute(text(f"SELECT setval({sequence}, :last)"), {"last": last_id})
    elif table.dialect_options["sqlite"]["autoincrement"]:
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        connection.execute(
            text("INSERT INTO sqlite_sequence VALUES (:name, :last)"), {"name": table.name, "last": last_id}
        )
